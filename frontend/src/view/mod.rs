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
//! | room list | `#me`, `#account`, `#search`, `#connection[data-state=closed\|greeting\|live]`, `#notice`, `#room-list`, `.room[data-room]` with `.unread`, `.last` and `.presence`, `#invitations .invitation[data-room]` with `.accept` and `.decline` |
//! | new chat | `#start` (opens `#start-dialog`), `#new-room-name`, `#new-room-submit`, `#direct-email`, `#direct-submit` |
//! | open room | `#room-title`, `#room-about`, `#back`, `#people` (opens `#people-dialog`), `#members .member`, `#invite-email`, `#invite-submit`, `#invite-done`, `#members .invited` with `.withdraw`, `#leave`, `#waiting-invite` with `.withdraw` |
//! | messages | `#messages`, `#messages .message[data-id][data-delivery=pending\|sent\|failed]` with `.author`, `.text` and `.mark`, `#messages .day`, `#new`, `#typing`, `#latest`, `#message-text`, `#message-send` |
//! | a message | `.bubble`, `.quote`, `.edited`, `.reaction[aria-pressed]`, `#toolbar` (`#toolbar-reply`, `#toolbar-react`, `#toolbar-more`), `#message-sheet[data-kind=menu\|react\|delete\|versions]` with `#menu-reply`, `#menu-react`, `#menu-copy`, `#menu-link`, `#menu-pin`, `#menu-edit`, `#menu-delete`, `#emoji-search`, `.emoji`, `#delete-confirm`, `#versions` |
//! | composer | `#composing`, `#composing-cancel`, `#mentions [role=option]`, `#pinned` |
//! | account | `#account-close`, `#sign-out`, `#current-password`, `#new-password`, `#password-submit`, `#password-done`, `#sessions .session`, `#sessions-end`, `#session-done`, `.other-sessions`, `#totp-begin`, `#totp-secret`, `#totp-code`, `#totp-confirm`, `#totp-remove`, `#totp-done`, `#recovery-new`, `#recovery-codes`, `#passkeys .passkey`, `#passkey-name`, `#passkey-add`, `#passkey-done`, `#step-up`, `#step-up-password`, `#step-up-code`, `#step-up-submit` |
//!
//! The problem of the field `#x` is `#x-problem`.

mod account;
mod avatar;
pub mod chat;
mod composer;
mod confirm;
mod departed;
mod dialog;
mod field;
mod form;
mod icons;
mod invitations;
mod list;
mod members;
mod mention_list;
mod message;
mod message_body;
mod message_focus;
mod message_menu;
mod messages;
mod new_chat;
mod pinned;
mod room;
pub mod sign_in;
mod strength;
