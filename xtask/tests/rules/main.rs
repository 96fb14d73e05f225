//! The repository's rules. Each lists every violation as `file:line: fault and remedy`.

mod banned_calls;
mod checklist;
mod data_model;
mod dependencies;
mod files;
mod functions;
mod lambda;
mod language;
mod layers;
mod licences;
mod links;
mod logging;
mod openapi;
mod protocol;
mod repository;
mod runner;
mod secrets;
mod template;
mod variables;
mod yaml;

#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n  {}\n", faults.join("\n  "));
}
