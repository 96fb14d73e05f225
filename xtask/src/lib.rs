//! What the commands share with the rules in `tests/rules`.

pub mod checklist_items;
