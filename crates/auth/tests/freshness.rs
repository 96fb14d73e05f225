//! Until when a session may change what lets its owner in.

use std::time::Duration;

use auth::{Authenticator, Caller};
use crypto::Verifier;
use domain::Timestamp;
use domain::limits::FRESH;
use embedded_mongo::Server;
use protocol::User;
use store::sessions::Session;
use store::{Settings, Store};

/// 1 January 2100: no TTL index removes what is kept.
const NOW: Timestamp = Timestamp::from_secs(4_102_444_800);

fn caller(session: &str) -> Caller {
    Caller {
        user: User {
            id: "ann".into(),
            name: "Ann".into(),
        },
        session: session.into(),
    }
}

#[tokio::test]
async fn a_session_is_fresh_for_ten_minutes_after_its_sign_in_or_a_step_up() {
    let server = Server::start().expect("the embedded server starts");
    let settings = Settings { uri: server.uri() };
    let store = Store::connect(settings).await.expect("the URI is one");
    let verifier = Verifier::new("", "https://chat.example.com");
    let gate = Authenticator::new(verifier, store.clone());
    let until = async |session: &str, now| {
        let until = gate.fresh_until(&caller(session), now).await;
        until.expect("the database answers")
    };

    for session in ["here", "there"] {
        let session = Session::new(session.into(), "ann".into(), String::new(), NOW);
        store.insert_session(&session).await.expect("it is kept");
    }
    assert_eq!(until("here", NOW).await, Some(NOW + FRESH));
    assert_eq!(
        until("here", NOW + FRESH - Duration::from_millis(1)).await,
        Some(NOW + FRESH)
    );
    let later = NOW + FRESH;
    assert_eq!(until("here", later).await, None);
    store
        .rotate_session("here", 0, later)
        .await
        .expect("it goes on");
    assert_eq!(until("here", later).await, None, "a refresh proves nothing");

    store
        .prove_session("here", later)
        .await
        .expect("it is kept");
    assert_eq!(until("here", later).await, Some(later + FRESH));
    assert_eq!(
        until("there", later).await,
        None,
        "another session stays stale"
    );
    assert_eq!(until("nowhere", later).await, None);
}
