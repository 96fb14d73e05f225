//! Passkeys: registered, used, refused and removed.

use std::sync::Arc;

use e2e::people::{Authenticator, Client, Mail, Person, Response, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use futures_util::future::join_all;
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        item_15_27_a_passkey_alone_signs_in,
        item_15_a_passkey_is_enough_where_totp_is_on,
        item_15_every_invalid_assertion_gets_the_same_response,
        item_17_passkey_options_do_not_reveal_accounts,
        item_19_the_last_passkey_cannot_be_removed_with_a_short_password,
        item_37_adding_and_removing_a_passkey_notifies_by_mail,
        a_challenge_registers_one_credential,
        a_passkey_is_bound_to_its_user_and_site,
        an_authenticator_without_a_counter_signs_in_repeatedly,
    ]
}

/// Registers a passkey; returns its id and its authenticator.
async fn with_passkey(person: &Person) -> (Authenticator, String) {
    let mut authenticator = Authenticator::new(person.client.origin());
    let response = add(person, &mut authenticator).await.expect(201);
    (authenticator, response.text("/passkey/id"))
}

async fn add(person: &Person, authenticator: &mut Authenticator) -> Response {
    let begun = person.client.post_empty("/api/passkeys/begin").await;
    let begun = begun.expect(200);
    let credential = authenticator.create(&begun.body["options"]);
    hand_in(person, &begun.text("/challenge"), credential).await
}

async fn hand_in(person: &Person, challenge: &str, credential: Value) -> Response {
    let body = json!({"challenge": challenge, "name": "My telephone", "credential": credential});
    person.client.post("/api/passkeys", body).await
}

async fn begin(client: &Client) -> Response {
    let begun = client.post_empty("/api/passkey-login/begin").await;
    begun.expect(200)
}

async fn finish(client: &Client, challenge: &str, credential: &Value) -> Response {
    let body = json!({"challenge": challenge, "credential": credential});
    client.post("/api/passkey-login", body).await
}

async fn sign_in(client: &Client, authenticator: &mut Authenticator) -> Response {
    let begun = begin(client).await;
    let credential = authenticator.get(&begun.body["options"]);
    finish(client, &begun.text("/challenge"), &credential).await
}

async fn item_15_27_a_passkey_alone_signs_in(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let (mut authenticator, id) = with_passkey(&ann).await;
    let factors = ann.client.get("/api/factors").await.expect(200);
    assert_eq!(factors.text("/passkeys/0/id"), id);
    assert_eq!(factors.text("/passkeys/0/name"), "My telephone");
    assert!(factors.body["passkeys"][0]["used_at"].is_null());

    let response = sign_in(&ann.anonymous(), &mut authenticator)
        .await
        .expect(200);
    assert_eq!(response.fields(), ["access_token", "expires_at", "user"]);
    let again = Person::new(Visitor::clone(&ann), &response);
    assert_eq!(again.user(), ann.user());
    assert_ne!(again.token, ann.token);
    again.refresh(&again.cookie).await.expect(200);
    let sessions = again.client.get("/api/sessions").await.expect(200);
    assert_eq!(sessions.body["sessions"].as_array().map(Vec::len), Some(2));
    let factors = again.client.get("/api/factors").await.expect(200);
    assert!(factors.number("/passkeys/0/used_at") > 0);
    sign_in(&ann.anonymous(), &mut authenticator)
        .await
        .expect(200);
}

async fn item_15_a_passkey_is_enough_where_totp_is_on(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    ann.enable_totp().await;
    let (mut authenticator, _) = with_passkey(&ann).await;
    let response = sign_in(&ann.anonymous(), &mut authenticator)
        .await
        .expect(200);
    assert_eq!(response.text("/user/id"), ann.id);
    response.refresh_cookie();
}

async fn item_15_every_invalid_assertion_gets_the_same_response(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let bob = Visitor::new(&stack, "Bob").sign_up().await;
    let (mut authenticator, id) = with_passkey(&ann).await;
    let (of_bob, _) = with_passkey(&bob).await;
    sign_in(&ann.anonymous(), &mut authenticator)
        .await
        .expect(200);
    let honest = authenticator.clone();
    let lying = |lie: fn(&mut Authenticator)| {
        let mut liar = honest.clone();
        lie(&mut liar);
        liar
    };
    let mut responses = Vec::new();
    for mut dishonest in [
        lying(|liar| liar.origin = "https://evil.example".to_owned()),
        lying(|liar| liar.site = "evil.example".to_owned()),
        lying(|liar| liar.verifies = false),
        // A repeated counter means a cloned authenticator.
        lying(|liar| liar.counter -= 1),
        honest.with_another_key(),
        honest.with_another_id(),
        honest.of("AAAAAAAAAAAAAAAAAAAAAA"),
        honest.of(&bob.id),
        honest.of("AAAA"),
        of_bob.of(&ann.id),
    ] {
        responses.push(sign_in(&ann.anonymous(), &mut dishonest).await);
    }
    let (one, other) = (begin(&ann.client).await, begin(&ann.client).await);
    let credential = authenticator.get(&one.body["options"]);
    responses.push(finish(&ann.anonymous(), &other.text("/challenge"), &credential).await);
    ann.client
        .delete(&format!("/api/passkeys/{id}"))
        .await
        .expect(204);
    responses.push(sign_in(&ann.anonymous(), &mut authenticator).await);
    let first = responses[0].clone().refused(401, "wrong_credentials");
    for response in responses {
        assert_eq!(
            response.fingerprint(),
            first.fingerprint(),
            "{}",
            response.body
        );
        assert_eq!(response.body, first.body);
    }
}

async fn item_17_passkey_options_do_not_reveal_accounts(stack: Arc<Stack>) {
    let (known, stranger) = (Visitor::new(&stack, "Ann"), Visitor::new(&stack, "Bob"));
    let ann = known.sign_up().await;
    with_passkey(&ann).await;
    let (one, other) = (begin(&known.client).await, begin(&stranger.client).await);
    assert_eq!(one.fingerprint(), other.fingerprint());
    for begun in [one, other] {
        assert_eq!(begun.text("/options/userVerification"), "required");
        assert_eq!(begun.text("/options/rpId"), "localhost");
        let allowed = begun.body["options"]["allowCredentials"].as_array();
        assert!(allowed.is_none_or(Vec::is_empty), "{}", begun.body);
    }
}

async fn item_19_the_last_passkey_cannot_be_removed_with_a_short_password(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let (_, first) = with_passkey(&ann).await;
    let (_, second) = with_passkey(&ann).await;
    let to_short = json!({"current": ann.password, "password": "q7!Vz#pK2"});
    ann.client.post("/api/password", to_short).await.expect(204);
    let remove = async |id: &str| ann.client.delete(&format!("/api/passkeys/{id}")).await;
    remove(&first).await.expect(204);
    remove(&first).await.refused(404, "not_found");
    remove(&second).await.invalid("password");
    let to_long = json!({"current": "q7!Vz#pK2", "password": "entirely other violet lanterns"});
    ann.client.post("/api/password", to_long).await.expect(204);
    remove(&second).await.expect(204);
}

async fn item_37_adding_and_removing_a_passkey_notifies_by_mail(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let (mut authenticator, id) = with_passkey(&ann).await;
    let tablet = ann
        .anonymous()
        .with_header("user-agent", "A strange tablet");
    sign_in(&tablet, &mut authenticator).await.expect(200);
    ann.client
        .delete(&format!("/api/passkeys/{id}"))
        .await
        .expect(204);
    for event in [
        "A passkey was added",
        "A strange tablet",
        "A passkey was removed",
    ] {
        let mentions = |mail: &Mail| mail.text.replace('\n', " ").contains(event);
        stack.inbox.mail(&ann.email, event, mentions).await;
    }
}

async fn a_challenge_registers_one_credential(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let (mut authenticator, _) = with_passkey(&ann).await;
    let begun = begin(&ann.client).await;
    let challenge = begun.text("/challenge");
    let credential = authenticator.get(&begun.body["options"]);
    let anonymous = ann.anonymous();
    let tries = (0..5).map(|_| finish(&anonymous, &challenge, &credential));
    let responses = join_all(tries).await;
    let right = responses
        .iter()
        .filter(|response| response.status == 200)
        .count();
    assert_eq!(right, 1, "{responses:?}");
    let response = finish(&anonymous, &challenge, &credential).await;
    response.refused(410, "expired");
    let to_add = ann
        .client
        .post_empty("/api/passkeys/begin")
        .await
        .expect(200);
    let response = finish(&anonymous, &to_add.text("/challenge"), &credential).await;
    response.refused(410, "expired");
}

async fn a_passkey_is_bound_to_its_user_and_site(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let begun = ann
        .client
        .post_empty("/api/passkeys/begin")
        .await
        .expect(200);
    let options = &begun.body["options"];
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["attestation"], "none");
    let mut honest = Authenticator::new(ann.client.origin());
    let credential = honest.create(options);
    let response = hand_in(&bob, &begun.text("/challenge"), credential.clone()).await;
    response.refused(410, "expired");

    let mut unverified = honest.clone();
    unverified.verifies = false;
    add(&ann, &mut unverified).await.invalid("credential");
    let mut elsewhere = honest.clone();
    elsewhere.origin = "https://evil.example".to_owned();
    add(&ann, &mut elsewhere).await.invalid("credential");
    let stale = ann
        .client
        .post_empty("/api/passkeys/begin")
        .await
        .expect(200);
    let response = hand_in(&ann, &stale.text("/challenge"), credential).await;
    response.invalid("credential");
    add(&ann, &mut honest).await.expect(201);
    add(&ann, &mut honest.clone()).await.invalid("credential");
    add(&bob, &mut honest).await.invalid("credential");
    for body in [
        json!({}),
        json!({"challenge": "c", "name": "n", "credential": "x"}),
    ] {
        ann.client
            .post("/api/passkeys", body)
            .await
            .refused(422, "invalid");
    }
}

async fn an_authenticator_without_a_counter_signs_in_repeatedly(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let mut authenticator = Authenticator::new(ann.client.origin());
    authenticator.counter = 0;
    add(&ann, &mut authenticator).await.expect(201);
    for _ in 0..3 {
        sign_in(&ann.anonymous(), &mut authenticator)
            .await
            .expect(200);
    }
}
