//! Attacks on signing in to the account of a known address.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::bystanders::PACE;
use super::{Limit, Target};
use crate::people::{Mail, Person, Visitor};
use crate::stack::processes;

const PARALLEL: usize = 4;
/// Failures of an address before its first wait.
const FREE_FAILURES: usize = 6;
/// Codes for an address that requests without proof may use up in an hour, by
/// `register` and by `forgot-password`.
const UNPROVEN_MAILS: usize = 2 * 5;

/// Guesses the owners' passwords from new source addresses without pause.
pub(super) async fn wrong_passwords(target: Arc<Target>) -> Vec<Limit> {
    let mut compared = [0, 0];
    loop {
        let [ann, bob] = &target.owners;
        let tried = [guess(&target, ann).await, guess(&target, bob).await];
        for (compared, tried) in compared.iter_mut().zip(tried) {
            *compared += tried;
        }
        if tried == [0, 0] {
            target.set_in_effect();
            if !target.continues() {
                break;
            }
        }
    }
    // The waits are 30 s and longer. The owner without a device resets the password in
    // each round, which clears the failures.
    let elapsed = target.elapsed().as_secs();
    let waits = usize::try_from(elapsed / 30).unwrap_or(usize::MAX);
    let resets = usize::try_from(elapsed / PACE.as_secs() + 1).unwrap_or(usize::MAX);
    let [ann, bob] = compared;
    vec![
        Limit::new(
            "passwords compared for the owner with a device",
            ann,
            FREE_FAILURES + waits,
        ),
        Limit::new(
            "passwords compared for the owner without a device",
            bob,
            FREE_FAILURES * (1 + resets) + waits,
        ),
    ]
}

/// Guesses in parallel from a new source; returns how many were compared.
async fn guess(target: &Target, owner: &Visitor) -> usize {
    let attacker = target.attacker_of(owner);
    let guesses = join_all((0..PARALLEL).map(|_| attacker.login())).await;
    guesses.iter().filter(|guess| guess.status == 401).count()
}

/// Requests mails for the owners' addresses from new source addresses without pause.
pub(super) async fn requested_codes(target: Arc<Target>) -> Vec<Limit> {
    let mut before = Vec::new();
    for owner in &target.owners {
        before.push(requested_mails(&target, owner).await);
    }
    for _ in 0..4 {
        request_mails(&target).await;
    }
    target.set_in_effect();
    while target.continues() {
        request_mails(&target).await;
    }
    let mut most = 0;
    for (owner, before) in target.owners.iter().zip(before) {
        most = most.max(requested_mails(&target, owner).await - before);
    }
    // The owner without a device requests one by themselves.
    vec![Limit::new(
        "mails to one address by requests without proof",
        most,
        UNPROVEN_MAILS + 1,
    )]
}

async fn request_mails(target: &Target) {
    for owner in &target.owners {
        let attacker = target.attacker_of(owner);
        for _ in 0..5 {
            attacker.forgot_password().await;
            attacker.register().await;
        }
    }
}

/// Mails to an owner that anyone can request: reset codes and notices of a
/// registration.
async fn requested_mails(target: &Target, owner: &Visitor) -> usize {
    let mails = target.stack.inbox.to(&owner.email).await;
    let is_requested =
        |mail: &&Mail| mail.reset_token().is_some() || mail.subject.contains("already have");
    mails.iter().filter(is_requested).count()
}

/// Both of the above at once.
pub(super) async fn wrong_passwords_and_requested_codes(target: Arc<Target>) -> Vec<Limit> {
    for _ in 0..4 {
        request_mails(&target).await;
    }
    let codes = {
        let target = Arc::clone(&target);
        tokio::spawn(async move {
            while target.continues() {
                request_mails(&target).await;
            }
        })
    };
    let limits = wrong_passwords(target).await;
    codes.await.expect("requesting mails does not fail");
    limits
}

/// A password that is expensive for a strength estimator: every character is a
/// substitution of several letters.
pub(crate) fn expensive_password() -> String {
    "4@8({[<3691!|07$5+%2".repeat(5)
}

/// Resets with an invalid challenge and an expensive password.
pub(super) async fn expensive_passwords(target: Arc<Target>) -> Vec<Limit> {
    let password = expensive_password();
    let mut calls = 0;
    let before = processor_time(&target).await;
    loop {
        let attacker = target.attacker();
        let resets = (0..PARALLEL).map(|_| {
            attacker.reset_password("0123456789abcdef0123456789abcdef", "12345678", &password)
        });
        calls += join_all(resets).await.len();
        target.set_in_effect();
        if !target.continues() && calls >= 40 {
            break;
        }
    }
    let used = processor_time(&target).await.saturating_sub(before);
    let each = usize::try_from(used.as_millis()).unwrap_or(usize::MAX) / calls;
    // Functions of a debug build take some milliseconds for any call; one estimate of
    // this password takes hundreds.
    vec![Limit::new(
        "ms of processor time per refused reset",
        each,
        40,
    )]
}

async fn processor_time(target: &Target) -> Duration {
    let password = target.stack.processes_of("password").await;
    let ids = password.iter().map(|process| process.pid);
    ids.map(processes::processor_time).sum()
}

/// Begins sign-ins with a password that its owner resets meanwhile, and completes them.
pub(super) async fn sign_in_with_old_password(target: Arc<Target>) -> Vec<Limit> {
    let (mut rounds, mut signed_in) = (0, 0);
    loop {
        signed_in += usize::from(completes_old_sign_in(&target).await);
        rounds += 1;
        target.set_in_effect();
        if !target.continues() {
            break;
        }
    }
    vec![Limit::new(
        format!("of {rounds} sign-ins with the old password, completed"),
        signed_in,
        0,
    )]
}

async fn completes_old_sign_in(target: &Target) -> bool {
    let ann = Person::join(&target.stack, "Ann").await;
    let plain = Visitor {
        client: ann.anonymous(),
        ..Visitor::clone(&ann)
    };
    let begun = plain.login().await.expect(200).text("/challenge");
    let code = plain.code().await;
    let reset = plain.forgot_password().await.expect(202).text("/challenge");
    let new = format!("{} changed", ann.password);
    let answer = plain
        .reset_password(&reset, &plain.code().await, &new)
        .await;
    answer.expect(204);
    let body = json!({"challenge": begun, "code": code});
    let old = plain.client.post("/api/verify-otp", body).await;
    old.status == 200
}
