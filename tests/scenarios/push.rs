//! Notifications, received by a push service of the tests.

use std::sync::Arc;
use std::time::Duration;

use e2e::people::Person;
use e2e::push_service::{Push, Subscription};
use e2e::routes::P256DH;
use e2e::stack::Stack;
use e2e::suite::Test;
use e2e::wait::{TIMEOUT, eventually};
use serde_json::{Value, json};

/// A notification waits for five seconds, and a request that was answered with 429 for
/// five more.
const DELIVERY: Duration = TIMEOUT.saturating_add(Duration::from_secs(15));

pub fn tests() -> Vec<Test> {
    e2e::tests![
        a_device_is_notified_of_what_its_user_has_not_read,
        a_device_is_removed_with_its_session_and_when_its_service_says_so,
        only_endpoints_of_push_services_are_registered,
        the_settings_of_notifications_are_stored,
    ]
}

async fn register(stack: &Stack, person: &Person) -> (Subscription, String) {
    let subscription = stack.push_service.subscribe();
    let body = subscription.registration("Phone");
    let device = person.client.post("/api/devices", body).await.expect(201);
    (subscription, device.text("/device/id"))
}

/// Waits until the newest push that fits is there.
async fn pushed(stack: &Stack, to: &Subscription, fits: impl Fn(&Push) -> bool) -> Push {
    eventually("a notification", DELIVERY, || async {
        let faults = stack.push_service.faults();
        assert!(faults.is_empty(), "{faults:?}");
        let waiting = stack.push_service.waiting(to);
        waiting.into_iter().find(|push| fits(push))
    })
    .await
}

async fn direct_room(ann: &Person, bob: &Person) -> String {
    ann.open_direct(bob).await.text("/room/id")
}

async fn a_device_is_notified_of_what_its_user_has_not_read(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let direct = direct_room(&ann, &bob).await;
    let group = ann.create_group("Tea", &[&bob, &eve]).await;
    let (phone, device) = register(&stack, &bob).await;
    let (quiet, _) = register(&stack, &eve).await;
    let path = format!("/api/rooms/{group}");
    let mentions = json!({"notify": "mentions"});
    eve.client.patch(&path, mentions).await.expect(200);
    let mut speaker = ann.online().await;

    speaker.say(&direct, "shall we meet?").await;
    for number in 0..20 {
        speaker.say(&group, &format!("no. {number}")).await;
    }
    let in_direct = pushed(&stack, &phone, |push| push.content["room"] == direct).await;
    assert_eq!(
        in_direct.content,
        json!({
            "room": direct, "seq": 1, "unread": 1, "title": ann.name, "body": "shall we meet?",
        })
    );
    assert_eq!(in_direct.urgency, "high");
    assert!(
        (86_000..=86_400).contains(&in_direct.ttl),
        "{}",
        in_direct.ttl
    );
    assert_eq!(in_direct.subject, stack.ready().web);
    let key = bob.client.get("/api/push").await.expect(200);
    assert_eq!(in_direct.sender, key.text("/public_key"));
    let in_group = pushed(&stack, &phone, |push| push.content["seq"] == 20).await;
    assert_eq!(in_group.content["body"], format!("{}: no. 19", ann.name));
    assert_eq!(in_group.content["title"], "Tea");
    assert_eq!(in_group.urgency, "normal");
    assert_eq!(in_group.bytes, in_direct.bytes);
    assert!(in_group.bytes <= 3 * 1024);
    // Twenty messages are one notification, or two if the batch came in between.
    assert!(stack.push_service.requests(&phone) <= 3);
    assert_eq!(stack.push_service.requests(&quiet), 0, "it wants mentions");

    // A mention reaches Eve, with its text; Bob's device shows no texts from now on.
    let change = json!({"text": false});
    let path = format!("/api/devices/{device}");
    bob.client.patch(&path, change).await.expect(200);
    let mention = json!({
        "action": "message", "id": "mention", "room": group, "text": "Eve?", "mentions": [eve.id],
    });
    speaker.send(mention).await;
    let mentioned = pushed(&stack, &quiet, |_| true).await;
    assert_eq!(mentioned.content["seq"], 21);
    assert_eq!(mentioned.urgency, "high");
    assert_ne!(mentioned.topic, in_group.topic);
    let without = pushed(&stack, &phone, |push| push.content["seq"] == 21).await;
    assert_eq!(
        without.content,
        json!({"room": group, "seq": 21, "unread": 21})
    );
    assert_eq!(without.topic, in_group.topic);

    // What is read before the notification is sent is not announced.
    let before = stack.push_service.requests(&phone);
    let mut reader = bob.online().await;
    speaker.say(&direct, "are you there?").await;
    reader.receive_text(&direct, "are you there?").await;
    let read = json!({"action": "read", "room": direct, "seq": 2});
    reader.send(read).await;
    // A page that sends a frame after a message has shown it, so that all of these frames
    // are received before the next message.
    reader.ping().await;
    speaker.say(&group, "the last").await;
    pushed(&stack, &phone, |push| push.content["seq"] == 22).await;
    assert_eq!(stack.push_service.requests(&phone), before + 1);
    assert_eq!(stack.push_service.faults(), Vec::<String>::new());
}

async fn devices(person: &Person) -> Vec<Value> {
    let listed = person.client.get("/api/devices").await.expect(200);
    listed.body["devices"].as_array().cloned().unwrap()
}

async fn a_device_is_removed_with_its_session_and_when_its_service_says_so(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = direct_room(&ann, &bob).await;
    let (gone, _) = register(&stack, &bob).await;
    let (busy, _) = register(&stack, &bob).await;
    stack.push_service.answer(&gone, 410, None);
    stack.push_service.answer(&busy, 429, Some(1));
    let mut speaker = ann.online().await;
    speaker.say(&room, "hello").await;
    // The second request comes after the wait that the service asked for.
    pushed(&stack, &busy, |push| push.content["seq"] == 1).await;
    assert_eq!(stack.push_service.requests(&busy), 2);
    assert_eq!(stack.push_service.requests(&gone), 1);
    assert_eq!(devices(&bob).await.len(), 1);

    let again = bob.sign_in().await;
    let (phone, _) = register(&stack, &again).await;
    let listed = devices(&bob).await;
    assert_eq!((listed.len(), &listed[1]["current"]), (2, &json!(false)));
    again.logout().await.expect(204);
    assert_eq!(devices(&bob).await.len(), 1);
    speaker.say(&room, "still there?").await;
    pushed(&stack, &busy, |push| push.content["seq"] == 2).await;
    assert_eq!(stack.push_service.requests(&phone), 0);
}

async fn only_endpoints_of_push_services_are_registered(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let body = |endpoint: &str| {
        json!({
            "endpoint": endpoint,
            "keys": {"p256dh": P256DH, "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
            "name": "Phone",
        })
    };
    for endpoint in [
        "",
        "https://example.com/push",
        "https://169.254.169.254/latest/meta-data",
        "https://fcm.googleapis.com:8443/fcm/send/a",
        "https://fcm.googleapis.com@example.com/a",
        "http://fcm.googleapis.com/fcm/send/a",
        "http://127.0.0.1:1/push",
    ] {
        let refused = ann.client.post("/api/devices", body(endpoint)).await;
        let refused = refused.refused(422, "invalid");
        assert_eq!(refused.text("/field"), "endpoint", "{endpoint}");
    }
    let mut invalid = body("https://fcm.googleapis.com/fcm/send/a");
    invalid["keys"]["auth"] = "AAAA".into();
    let refused = ann.client.post("/api/devices", invalid).await;
    assert_eq!(refused.refused(422, "invalid").text("/field"), "keys.auth");
    for number in 0..11 {
        let endpoint = format!("https://fcm.googleapis.com/fcm/send/{}-{number}", ann.id);
        let answer = ann.client.post("/api/devices", body(&endpoint)).await;
        match number {
            0..10 => drop(answer.expect(201)),
            _ => drop(answer.refused(422, "invalid")),
        }
    }
    let bob = Person::join(&stack, "Bob").await;
    let path = format!(
        "/api/devices/{}",
        devices(&ann).await[0]["id"].as_str().unwrap()
    );
    bob.client
        .patch(&path, json!({"on": false}))
        .await
        .refused(404, "not_found");
    bob.client.delete(&path).await.refused(404, "not_found");
    ann.client.delete(&path).await.expect(204);
    assert_eq!(devices(&ann).await.len(), 9);
}

async fn the_settings_of_notifications_are_stored(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let quiet = json!({"from": "22:00", "to": "07:00", "zone": "Europe/Berlin"});
    let set = ann.client.patch("/api/me", json!({"quiet": quiet})).await;
    assert_eq!(set.expect(200).body["user"]["quiet"], quiet);
    let renamed = ann.client.patch("/api/me", json!({"name": "Anna"})).await;
    assert_eq!(renamed.expect(200).body["user"]["quiet"], quiet);
    for (field, value) in [("from", "7:00"), ("to", "24:00"), ("zone", "Nowhere/Else")] {
        let mut invalid = quiet.clone();
        invalid[field] = value.into();
        let refused = ann.client.patch("/api/me", json!({"quiet": invalid})).await;
        let refused = refused.refused(422, "invalid");
        assert_eq!(refused.text("/field"), format!("quiet.{field}"));
    }
    let none = json!({"from": "07:00", "to": "07:00", "zone": "UTC"});
    let unset = ann.client.patch("/api/me", json!({"quiet": none})).await;
    assert_eq!(unset.expect(200).body["user"]["quiet"], Value::Null);
    ann.client
        .patch("/api/me", json!({}))
        .await
        .refused(422, "invalid");

    let room = ann.create_group("Tea", &[&bob]).await;
    let path = format!("/api/rooms/{room}");
    let own = bob.client.patch(&path, json!({"notify": "none"})).await;
    assert_eq!(own.expect(200).body["room"]["notify"], "none");
    assert_eq!(
        ann.room(&room).await.expect(200).body["room"]["notify"],
        Value::Null
    );
    let both = json!({"notify": "all", "name": "Coffee"});
    bob.client
        .patch(&path, both)
        .await
        .refused(403, "forbidden");
    let own = bob.client.patch(&path, json!({"notify": "all"})).await;
    assert_eq!(own.expect(200).body["room"]["notify"], Value::Null);
}
