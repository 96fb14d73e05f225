//! The views. Their only state is the content of fields; they call
//! [`App`](crate::app::App) and draw its signals.
//!
//! Tests and assistive scripts rely on these ids and classes:
//!
//! | view | names |
//! | --- | --- |
//! | any | `#page[data-screen=starting\|unreachable\|sign-in\|chat]` |
//! | unreachable | `#try-again` |
//! | sign-in screen | `#sign-in-tab`, `#register-tab`, `#form-problem`, `#form-notice` |
//! | register | `#register-name`, `#register-email`, `#register-password`, `#register-submit` |
//! | sign in | `#login-email`, `#login-password`, `#login-submit`, `#forgot`, `#passkey-login` |
//! | code | `#code`, `#code-submit`, `#code-sent`, `#code-resend`, `#code-back` |
//! | second factor | `#factor-code`, `#factor-submit`, `#code-back` |
//! | forgotten password | `#forgot-email`, `#forgot-submit`, then `#reset-code`, `#reset-password`, `#reset-submit`, `#code-resend`, `#code-back` |
//! | room list | `#me`, `#account`, `#search`, `#connection[data-state=closed\|greeting\|live]`, `#notice`, `#room-list`, `.room[data-room]` with `.unread`, `.mentioned`, `.last` and `.presence`, `#invitations .invitation[data-room]` with `.accept` and `.decline` |
//! | new chat | `#start` (opens `#start-dialog`), `#new-room-name`, `#new-room-submit`, `#direct-email`, `#direct-submit` |
//! | first use | `#welcome` with `#welcome-person` and `#welcome-group`, `#first-chat`, `#alone` |
//! | go to a chat | `#jump-dialog`, `#jump-search`, `#jump-rooms [role=option]` |
//! | shortcuts | `#shortcuts-dialog` |
//! | a member | `#person-dialog .person-card[data-user]`, `#person-chat`, `#person-role`, `#person-owner`, `#person-remove` |
//! | open room | `#room-title`, `#room-about`, `#back`, `#people` (opens `#people-dialog`), `#room-edit`, `#room-name`, `#room-topic`, `#room-save`, `#members .member[data-user]`, `#invite-email`, `#invite-submit`, `#invite-done`, `#members .invited` with `.withdraw`, `#leave`, `#waiting-invite` with `.withdraw` |
//! | messages | `#messages`, `#messages .message[data-id][data-delivery=pending\|sent\|failed]` with `.author`, `.text` and `.mark`, `#messages .day`, `#messages .event`, `#new`, `#typing`, `#latest`, `#message-text`, `#message-emoji`, `#message-left`, `#message-send` |
//! | a message | `.bubble`, `.fold`, `.quote`, `.edited`, `.reaction[aria-pressed]`, `#toolbar` (`#toolbar-reply`, `#toolbar-react`, `#toolbar-more`), `#message-sheet[data-kind=menu\|react\|insert\|delete\|versions]` with `#menu-reply`, `#menu-react`, `#menu-copy`, `#menu-link`, `#menu-pin`, `#menu-edit`, `#menu-delete`, `#emoji-search`, `.emoji`, `#delete-confirm`, `#versions` |
//! | composer | `#composing`, `#composing-cancel`, `#mentions [role=option]`, `#pinned` |
//! | account | `#account-close`, `#sign-out`, `#own-name`, `#name-submit`, `#name-done`, `#theme [data-value]`, `#text [data-value]`, `#current-password`, `#new-password`, `#password-submit`, `#password-done`, `#sessions .session`, `#sessions-end`, `#session-done`, `.other-sessions`, `#totp-begin`, `#totp-secret`, `#totp-code`, `#totp-confirm`, `#totp-remove`, `#totp-done`, `#recovery-new`, `#recovery-codes`, `#passkeys .passkey`, `#passkey-name`, `#passkey-add`, `#passkey-done`, `#step-up`, `#step-up-password`, `#step-up-code`, `#step-up-submit` |
//!
//! The problem of the field `#x` is `#x-problem`.

mod account;
mod avatar;
pub mod chat;
mod completions;
mod composer;
mod confirm;
mod departed;
mod details;
mod dialog;
mod emoji_picker;
mod field;
mod form;
mod icons;
mod invitations;
mod jump;
mod list;
mod members;
mod message;
mod message_body;
mod message_focus;
mod message_menu;
mod messages;
mod new_chat;
mod person;
mod pinned;
mod room;
mod shortcuts;
pub mod sign_in;
mod strength;
