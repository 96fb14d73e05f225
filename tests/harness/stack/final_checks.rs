//! Checks of every stack after its tests.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::processes::{self, Process};
use super::{Kind, Stack};
use crate::wait::{eventually, within};

/// The result of one check.
pub struct FinalCheck {
    pub name: &'static str,
    pub failure: Option<String>,
    pub took: Duration,
}

impl Stack {
    /// Runs the checks and stops the stack.
    pub async fn finish(self: Arc<Self>) -> Vec<FinalCheck> {
        vec![
            run_check("only_expected_dead_letters_remain_queued", {
                let stack = Arc::clone(&self);
                async move { stack.queues_are_empty().await }
            })
            .await,
            run_check("item_13_no_dead_letter_has_a_code", {
                let stack = Arc::clone(&self);
                async move { stack.no_dead_letter_has_a_code().await }
            })
            .await,
            run_check("all_child_processes_end_with_the_runner", {
                let stack = Arc::clone(&self);
                async move { stack.all_end().await }
            })
            .await,
            run_check("no_unexpected_error_was_logged", {
                let stack = Arc::clone(&self);
                async move { stack.no_unexpected_error() }
            })
            .await,
            run_check("item_13_no_address_code_password_or_token_is_logged", {
                let stack = Arc::clone(&self);
                async move { stack.no_secret_is_logged() }
            })
            .await,
        ]
    }

    async fn queues_are_empty(&self) {
        let broker = self.broker().await;
        eventually(
            "the mail queues to empty",
            Duration::from_secs(30),
            || async {
                let waiting = broker.waiting("mail").await + broker.waiting("mail.retry").await;
                (waiting == 0).then_some(())
            },
        )
        .await;
        let dead = broker.dead_letters().await;
        let expected = self.dead_letters.load(Ordering::Relaxed);
        assert_eq!(dead.len(), expected, "in mail.dead: {dead:#?}");
    }

    async fn no_dead_letter_has_a_code(&self) {
        for mail in self.broker().await.dead_letters().await {
            let found = self.secrets.found_in(&mail.job);
            let codes = found.iter().filter(|(kind, _)| *kind == Kind::Code).count();
            assert_eq!(codes, 0, "a dead letter still has its code");
        }
    }

    async fn all_end(&self) {
        let runner = self.runner.lock().await.take().expect("the runner runs");
        let mut started = processes::descendants(runner.id());
        started.extend(self.started.lock().expect("only read under it").drain(..));
        let stopped = runner.stop().await;
        self.save_journal();
        let status = stopped.expect("the runner ends when asked to");
        assert!(status.success(), "the runner ended with {status}");
        let data = self.data.path().display().to_string();
        let left = || -> Vec<Process> {
            let mut left = processes::naming(&data);
            left.extend(started.iter().filter(|process| process.lives()).cloned());
            left
        };
        let none_left = || async { left().is_empty().then_some(()) };
        let ended = within(Duration::from_secs(10), none_left).await;
        assert!(ended.is_some(), "still running: {:#?}", left());
    }

    /// Saves the log for later inspection.
    fn save_journal(&self) {
        let saved = super::paths::journals().and_then(|folder| {
            let path = folder.join(format!("{}.log", self.name));
            Ok(std::fs::write(path, self.journal.text())?)
        });
        saved.expect("the log can be saved beside the binaries");
    }

    fn no_unexpected_error(&self) {
        let errors = self.journal.unexpected_errors();
        assert!(
            errors.is_empty(),
            "{} errors:\n{}",
            errors.len(),
            errors[..errors.len().min(15)].join("\n")
        );
    }

    fn no_secret_is_logged(&self) {
        assert!(self.secrets.count() > 0, "no secret was recorded");
        let mut logs = vec![
            (
                "the output of runner and functions".to_owned(),
                self.journal.text(),
            ),
            ("an error response".to_owned(), self.secrets.refusals()),
        ];
        read_logs(self.data.path(), &mut logs);
        for (name, text) in logs {
            let found = self.secrets.found_in(&text);
            assert!(found.is_empty(), "in {name}: {found:#?}");
        }
    }
}

fn read_logs(folder: &Path, logs: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            read_logs(&path, logs);
        } else if path.extension().is_some_and(|ending| ending == "log")
            && let Ok(bytes) = std::fs::read(&path)
        {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            logs.push((path.display().to_string(), text));
        }
    }
}

async fn run_check(
    name: &'static str,
    check: impl Future<Output = ()> + Send + 'static,
) -> FinalCheck {
    let began = Instant::now();
    let failure = crate::suite::failure_of(name, check).await;
    FinalCheck {
        name,
        failure,
        took: began.elapsed(),
    }
}
