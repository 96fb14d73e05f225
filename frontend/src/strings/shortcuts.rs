//! Keyboard shortcuts.

pub const SHORTCUTS: &str = "Keyboard shortcuts";
pub const JUMP: &str = "Go to a chat";
pub const JUMP_HINT: &str = "Name of a person or group";
pub const FORMAT_HINT: &str = "In a message: **bold**, *italic*, ~~strikethrough~~, `code`, ``` for a block of code, > for a quote and - for a list.";

/// Keys, separated by spaces, and what they do.
pub const SHORTCUT_KEYS: [(&str, &str); 12] = [
    ("Ctrl K", JUMP),
    ("Alt ↑ ↓", "Previous or next chat"),
    ("Alt Shift ↑ ↓", "Previous or next unread chat"),
    ("Enter", "Send the message"),
    ("Shift Enter", "Start a new line"),
    ("↑", "Edit your last message"),
    ("Esc", "Cancel an edit or a reply"),
    ("Ctrl B", "Bold"),
    ("Ctrl I", "Italic"),
    ("Ctrl Shift X", "Strikethrough"),
    ("Ctrl E", "Code"),
    ("?", "Show this list"),
];
