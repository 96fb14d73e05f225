//! Attacks with source addresses, other sites and the mailbox.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::bystanders::cookies_of;
use super::{Limit, Target};
use crate::people::{Authenticator, Mail, Person, SmtpReply, Visitor};

/// Beginnings of a sign-in with a passkey in an hour: per /64 and per /48.
const PASSKEY_BEGINNINGS: [usize; 2] = [300, 1_200];
const PARALLEL: usize = 8;
/// Wrong passwords per source address in 15 minutes.
const WRONG_PASSWORDS: usize = 100;

/// Sends requests from many /64 networks of one /48, as a home connection can.
pub(super) async fn many_ipv6_networks(target: Arc<Target>) -> Vec<Limit> {
    target.set_in_effect();
    let proof = target.stack.secret("ViewerSecret");
    let client = target.attacker().client.bypassing_cloudfront(&target.stack);
    let client = client.with_header("x-viewer-proof", &proof);
    let (mut accepted, mut sent) = (0, 0);
    loop {
        let begins = (0..PARALLEL).map(|place| {
            let address = format!("2001:db8:1:{:x}::1", sent + place);
            let client = client.with_header("x-viewer-address", &address);
            async move { client.post_empty("/api/passkey-login/begin").await }
        });
        let answers = join_all(begins).await;
        sent += answers.len();
        let taken = answers.iter().filter(|answer| answer.status == 200).count();
        accepted += taken;
        let has_answer = taken == 0 || accepted > PASSKEY_BEGINNINGS[1];
        if has_answer && (!target.continues() || accepted > PASSKEY_BEGINNINGS[1]) {
            break;
        }
    }
    assert!(accepted > PASSKEY_BEGINNINGS[0], "a /64 was counted alone");
    vec![Limit::new(
        format!("requests of one /48, of {sent}"),
        accepted,
        PASSKEY_BEGINNINGS[1],
    )]
}

/// Registers addresses that do not exist, each from several sources.
pub(super) async fn undeliverable_addresses(target: Arc<Target>) -> Vec<Limit> {
    let mut most = 0;
    let invented: Vec<Visitor> = (0..3).map(|_| target.attacker()).collect();
    let replies: Vec<SmtpReply> = invented
        .iter()
        .map(|visitor| SmtpReply::new(&visitor.email, 550, u32::MAX))
        .collect();
    target.stack.inbox.set_replies(&replies).await;
    let broker = target.stack.broker().await;
    let before = broker.dead_letters().await.len();
    target.set_in_effect();
    let mut requests = 0;
    loop {
        for visitor in &invented {
            target.moved(visitor).register().await;
            requests += 1;
        }
        // A later mail has arrived, so no earlier one is still queued.
        Person::join(&target.stack, "Mia").await;
        if requests >= 9 && !target.continues() {
            break;
        }
    }
    target.stack.inbox.set_replies(&[]).await;
    let dead = broker.dead_letters().await;
    for visitor in &invented {
        let email = json!(visitor.email);
        let tries = dead
            .iter()
            .filter(|letter| letter.field("email") == Some(email.clone()));
        most = most.max(tries.count());
    }
    for _ in before..dead.len() {
        target.stack.expect_dead_letter();
    }
    vec![Limit::new(
        format!("mails to one undeliverable address, of {requests} requests"),
        most,
        1,
    )]
}

/// Signs the victim's browser in as the attacker, by a form of another site.
pub(super) async fn cross_site_sign_in(target: Arc<Target>) -> Vec<Limit> {
    let eve = Person::join(&target.stack, "Eve").await;
    let mut passkey = Authenticator::new(eve.client.origin());
    register_passkey(&eve, &mut passkey).await;
    let own = eve.client.origin().to_owned();
    let other = "https://evil.example";
    let (mut attempts, mut signed_in) = (0, 0);
    target.set_in_effect();
    loop {
        for (origin, media_type) in [
            (other, "text/plain"),
            (other, "application/json"),
            (own.as_str(), "text/plain"),
        ] {
            let victim = target.attacker().client;
            let begun = victim
                .post_empty("/api/passkey-login/begin")
                .await
                .expect(200);
            let credential = passkey.get(&begun.body["options"]);
            let body = json!({"challenge": begun.text("/challenge"), "credential": credential});
            let form = victim
                .with_header("origin", origin)
                .with_header("content-type", media_type);
            let response = form.post("/api/passkey-login", body).await;
            attempts += 1;
            signed_in += usize::from(!cookies_of(&response).is_empty());
        }
        if !target.continues() {
            break;
        }
    }
    vec![Limit::new(
        format!("of {attempts} cross-site requests, sign-ins"),
        signed_in,
        0,
    )]
}

async fn register_passkey(person: &Person, authenticator: &mut Authenticator) {
    let begun = person
        .client
        .post_empty("/api/passkeys/begin")
        .await
        .expect(200);
    let credential: Value = authenticator.create(&begun.body["options"]);
    let body = json!({
        "challenge": begun.text("/challenge"), "name": "Key ring", "credential": credential,
    });
    person.client.post("/api/passkeys", body).await.expect(201);
}

/// Uses up the limits of the source address that the owners share with the attacker.
pub(super) async fn shared_source_address(target: Arc<Target>) -> Vec<Limit> {
    let mut compared = [0, 0];
    loop {
        let mut refused = 0;
        for (owner, compared) in target.owners.iter().zip(&mut compared) {
            let guesses = (0..PARALLEL).map(|_| {
                let unknown = Visitor {
                    client: owner.anonymous(),
                    ..target.attacker()
                };
                async move { unknown.login().await }
            });
            let answers = join_all(guesses).await;
            *compared += answers.iter().filter(|answer| answer.status == 401).count();
            refused += answers.iter().filter(|answer| answer.status == 429).count();
        }
        if refused == 2 * PARALLEL {
            target.set_in_effect();
            if !target.continues() {
                break;
            }
        }
    }
    vec![Limit::new(
        "wrong passwords of one source",
        compared.into_iter().max().unwrap_or_default(),
        WRONG_PASSWORDS,
    )]
}

/// Signs in with a passkey that the attacker planted before the owner reset the
/// password.
pub(super) async fn planted_passkey(target: Arc<Target>) -> Vec<Limit> {
    let (mut rounds, mut unreported) = (0, 0);
    loop {
        let ann = Person::join(&target.stack, "Ann").await;
        let mut planted = Authenticator::new(ann.client.origin());
        register_passkey(&ann, &mut planted).await;
        let plain = Visitor {
            client: ann.anonymous(),
            ..Visitor::clone(&ann)
        };
        let reset = plain.forgot_password().await.expect(202).text("/challenge");
        let new = format!("{} changed", ann.password);
        let code = plain.code().await;
        plain.reset_password(&reset, &code, &new).await.expect(204);
        // The mail about a password reset names the factors that still sign in.
        let inbox = &target.stack.inbox;
        let is_notice =
            |mail: &Mail| mail.code().is_none() && mail.subject.to_lowercase().contains("password");
        let notice = inbox.mail(&ann.email, "a notice", is_notice).await;
        unreported += usize::from(!notice.text.to_lowercase().contains("passkey"));
        // A sign-in from another device with the same user agent is reported.
        let ann = target.moved(&plain).with_password(&new);
        ann.sign_in().await;
        let is_report =
            |mail: &Mail| mail.code().is_none() && mail.subject.to_lowercase().contains("sign-in");
        // A later mail has arrived, so no earlier one is still queued.
        Person::join(&target.stack, "Mia").await;
        let mails = inbox.to(&ann.email).await;
        unreported += usize::from(!mails.iter().any(is_report));
        rounds += 1;
        target.set_in_effect();
        if !target.continues() {
            break;
        }
    }
    vec![Limit::new(
        format!("missing notices in {rounds} rounds"),
        unreported,
        0,
    )]
}
