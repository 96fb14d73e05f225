//! What must be true of every stack at its end, whatever happened in it.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::processes::{self, Process};
use super::{Kind, Stack};
use crate::wait::{eventually, within};

/// One thing that was looked at.
pub struct Examined {
    /// What should be true.
    pub name: &'static str,
    /// Why it is not.
    pub fault: Option<String>,
    /// How long looking took.
    pub took: Duration,
}

impl Stack {
    /// Stops the stack and examines what it leaves behind.
    pub async fn finish(self: Arc<Self>) -> Vec<Examined> {
        vec![
            examined("the_queues_are_empty_but_for_expected_dead_mails", {
                let stack = Arc::clone(&self);
                async move { stack.queues_are_empty().await }
            })
            .await,
            examined("item_13_no_job_that_was_given_up_has_a_code", {
                let stack = Arc::clone(&self);
                async move { stack.no_code_is_dead_mail().await }
            })
            .await,
            examined("all_that_it_started_ends_with_it", {
                let stack = Arc::clone(&self);
                async move { stack.all_ends().await }
            })
            .await,
            examined("no_unexpected_error_was_logged", {
                let stack = Arc::clone(&self);
                async move { stack.no_unexpected_error() }
            })
            .await,
            examined(
                "item_13_no_address_code_password_or_token_is_in_any_output",
                {
                    let stack = Arc::clone(&self);
                    async move { stack.no_secret_is_logged() }
                },
            )
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
        let dead = broker.dead_mails().await;
        let expected = self.dead_mails.load(Ordering::Relaxed);
        assert_eq!(dead.len(), expected, "in mail.dead: {dead:#?}");
    }

    async fn no_code_is_dead_mail(&self) {
        for mail in self.broker().await.dead_mails().await {
            let found = self.secrets.found_in(&mail.job);
            let codes = found.iter().filter(|(kind, _)| *kind == Kind::Code).count();
            assert_eq!(codes, 0, "a dead mail still has its code");
        }
    }

    async fn all_ends(&self) {
        let runner = self.runner.lock().await.take().expect("the runner runs");
        let mut started = processes::descendants(runner.id());
        started.extend(self.started.lock().expect("only read under it").drain(..));
        let stopped = runner.stop().await;
        self.keep_journal();
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

    /// Kept for people who want to know what went on.
    fn keep_journal(&self) {
        let kept = super::places::journals().and_then(|folder| {
            let path = folder.join(format!("{}.log", self.name));
            Ok(std::fs::write(path, self.journal.text())?)
        });
        kept.expect("the log can be kept beside the binaries");
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
        assert!(self.secrets.count() > 0, "nobody did anything secret");
        let mut logs = vec![
            (
                "the output of runner and functions".to_owned(),
                self.journal.text(),
            ),
            ("an answer that refuses".to_owned(), self.secrets.refusals()),
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

async fn examined(name: &'static str, look: impl Future<Output = ()> + Send + 'static) -> Examined {
    let began = Instant::now();
    let fault = crate::harness::fault_of(name, look).await;
    Examined {
        name,
        fault,
        took: began.elapsed(),
    }
}
