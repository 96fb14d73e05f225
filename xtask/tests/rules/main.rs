//! The repository's own rules: what `ARCHITECTURE.md` promises, checked.
//!
//! Each rule lists all that breaks it, as `file:line: what is wrong and what to do`.

mod banned_calls;
mod checklist;
mod dependencies;
mod files;
mod functions;
mod lambda;
mod layers;
mod licences;
mod links;
mod openapi;
mod repository;
mod secrets;
mod template;
mod variables;
mod yaml;

/// Fails with every fault, one a line.
#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n  {}\n", faults.join("\n  "));
}
