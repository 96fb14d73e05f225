//! Posting to an endpoint that answers as API Gateway does on a bad day.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use connections::{Connections, Posted, Settings};
use env::Variables;
use protocol::{ServerFrame, User};
use tokio::net::TcpListener;

/// What came in, by connection.
#[derive(Default)]
struct Seen {
    posts: Mutex<HashMap<String, Vec<Bytes>>>,
    under_way: Mutex<(usize, usize)>,
}

impl Seen {
    fn times(&self, connection: &str) -> usize {
        let posts = self.posts.lock().unwrap();
        posts.get(connection).map_or(0, Vec::len)
    }
}

/// The id says how the connection behaves.
async fn answer(
    State(seen): State<Arc<Seen>>,
    Path(connection): Path<String>,
    body: Bytes,
) -> Response {
    {
        let (now, most) = &mut *seen.under_way.lock().unwrap();
        *now += 1;
        *most = (*most).max(*now);
    }
    let time = {
        let mut posts = seen.posts.lock().unwrap();
        let bodies = posts.entry(connection.clone()).or_default();
        bodies.push(body);
        bodies.len()
    };
    // So that posts that are under way together are seen together.
    tokio::task::yield_now().await;
    let status = match connection.split('-').next() {
        Some("gone") => StatusCode::GONE,
        Some("busy") if time < 3 => StatusCode::TOO_MANY_REQUESTS,
        Some("down") => StatusCode::SERVICE_UNAVAILABLE,
        Some("forbidden") => StatusCode::FORBIDDEN,
        Some("silent") => std::future::pending().await,
        _ => StatusCode::OK,
    };
    seen.under_way.lock().unwrap().0 -= 1;
    if connection.starts_with("endless") {
        let bytes =
            futures_util::stream::repeat(Ok::<_, Infallible>(Bytes::from_static(&[0; 4_096])));
        return Body::from_stream(bytes).into_response();
    }
    status.into_response()
}

async fn endpoint() -> (Connections, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let router = Router::new()
        .route("/live/@connections/{id}", any(answer))
        .with_state(Arc::clone(&seen));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut variables = Variables::new(
        [
            (
                "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
                format!("http://{address}/live"),
            ),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "key".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_SESSION_TOKEN", "token".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    let settings = Settings::from_variables(&mut variables);
    variables.check().unwrap();
    (Connections::new(settings).unwrap(), seen)
}

fn frame() -> ServerFrame {
    ServerFrame::Left {
        reference: None,
        room: "room".to_owned(),
    }
}

fn ids(kind: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{kind}-{n}")).collect()
}

#[tokio::test]
async fn only_closed_connections_are_reported_as_gone() {
    let (push, seen) = endpoint().await;
    let mut sockets = ids("well", 300);
    sockets.extend(["gone-1", "down-1", "forbidden-1", "gone-2"].map(str::to_owned));
    let mut gone = push.fan_out(sockets, &frame()).await;
    gone.sort_unstable();
    assert_eq!(gone, ["gone-1", "gone-2"]);
    assert_eq!(seen.times("gone-1"), 1);
    for n in 0..300 {
        assert_eq!(seen.times(&format!("well-{n}")), 1);
    }
    let posts = seen.posts.lock().unwrap();
    let bodies: Vec<&Bytes> = posts.values().flatten().collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn an_endless_response_is_not_read_to_its_end() {
    let (push, seen) = endpoint().await;
    assert_eq!(push.post("endless-1", &frame()).await, Posted::Delivered);
    assert!(push.probe(vec!["endless-2".to_owned()]).await.is_empty());
    assert_eq!((seen.times("endless-1"), seen.times("endless-2")), (1, 1));
}

#[tokio::test]
async fn transient_errors_are_retried_and_permanent_ones_are_not() {
    let (push, seen) = endpoint().await;
    assert_eq!(push.post("busy-1", &frame()).await, Posted::Delivered);
    assert_eq!(seen.times("busy-1"), 3);
    assert_eq!(push.post("down-1", &frame()).await, Posted::Busy);
    assert_eq!(seen.times("down-1"), 4);
    assert_eq!(push.post("forbidden-1", &frame()).await, Posted::Failed);
    assert_eq!(seen.times("forbidden-1"), 1);
    assert_eq!(push.post("gone-1", &frame()).await, Posted::Gone);
}

#[tokio::test]
async fn a_socket_that_never_answers_delays_no_other() {
    let (push, seen) = endpoint().await;
    let mut sockets = vec!["silent-1".to_owned()];
    sockets.extend(ids("well", 1_000));
    let posting = tokio::spawn(async move { push.fan_out(sockets, &frame()).await });
    let all = || (0..1_000).all(|n| seen.times(&format!("well-{n}")) == 1);
    while !all() {
        assert!(!posting.is_finished(), "the silent one was given up first");
        tokio::task::yield_now().await;
    }
    assert!(!posting.is_finished());
    assert_eq!(posting.await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn no_more_are_posted_to_at_once_than_one_connection_takes() {
    let (push, seen) = endpoint().await;
    push.fan_out(ids("well", 2_000), &frame()).await;
    let (_, most) = *seen.under_way.lock().unwrap();
    assert!((2..=128).contains(&most), "{most} at once");
}

fn typing() -> ServerFrame {
    ServerFrame::Typing {
        room: "room".to_owned(),
        user: User {
            id: "ann".to_owned(),
            name: "Ann".to_owned(),
        },
    }
}

#[tokio::test]
async fn ephemeral_frames_are_shed_first() {
    let (connections, seen) = endpoint().await;
    let mut sockets = ids("down", 100);
    sockets.extend(ids("well", 2_000));
    connections.fan_out(sockets.clone(), &typing()).await;
    assert!(seen.times("down-1") <= 1, "it was tried again");
    let reached = (0..2_000).filter(|n| seen.times(&format!("well-{n}")) > 0);
    let reached = reached.count();
    assert!(reached < 2_000, "nothing was left out");
}

#[tokio::test]
async fn finding_7_a_few_clients_with_full_buffers_stop_nothing_for_the_others() {
    let (connections, seen) = endpoint().await;
    let mut sockets = ids("down", 7);
    sockets.extend(ids("well", 2_000));
    connections.fan_out(sockets, &typing()).await;
    let reached = (0..2_000).filter(|n| seen.times(&format!("well-{n}")) == 1);
    assert_eq!(reached.count(), 2_000);
}

#[tokio::test]
async fn finding_4_sockets_that_are_gone_are_found_without_a_frame() {
    let (connections, seen) = endpoint().await;
    let sockets = ["well-1", "gone-1", "down-1"].map(str::to_owned);
    let gone = connections.probe(sockets.to_vec()).await;
    assert_eq!(gone, ["gone-1"]);
    let posts = seen.posts.lock().unwrap();
    assert!(posts.values().flatten().all(Bytes::is_empty));
}
