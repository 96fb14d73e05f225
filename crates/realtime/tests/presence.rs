//! Presence as other sockets receive it: realtime delivery with the embedded database
//! and an endpoint that records what is posted.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use connections::Connections;
use domain::Timestamp;
use domain::limits::{PRESENCE_LEASE, PRESENCE_POSTS};
use embedded_mongo::Server;
use env::Variables;
use protocol::{Role, User};
use realtime::Realtime;
use serde_json::Value;
use store::Store;
use store::connections::Connection;
use store::members::{ActOf, Joined, MemberRow};
use store::presence::{FrameCost, Opened};
use tokio::net::TcpListener;

const NOW: Timestamp = Timestamp::from_secs(4_102_444_800);

/// The socket and the frame of each post.
type Posts = Arc<Mutex<Vec<(String, Value)>>>;

struct World {
    server: Server,
    store: Store,
    realtime: Realtime,
    posts: Posts,
}

async fn record(
    State(posts): State<Posts>,
    Path(connection): Path<String>,
    body: String,
) -> StatusCode {
    let frame = serde_json::from_str(&body).unwrap();
    posts.lock().unwrap().push((connection, frame));
    StatusCode::OK
}

impl World {
    async fn start() -> Self {
        let server = Server::start().unwrap();
        let uri = format!("{}/chat", server.uri());
        let store = Store::connect(store::Settings { uri }).await.unwrap();
        store.create_indexes().await.unwrap();
        let posts = Posts::default();
        let router = Router::new()
            .route("/live/@connections/{id}", post(record))
            .with_state(Arc::clone(&posts));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let endpoint = format!("http://{address}/live");
        let mut variables = Variables::new(
            [
                ("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", &*endpoint),
                ("AWS_REGION", "eu-central-1"),
                ("AWS_ACCESS_KEY_ID", "key"),
                ("AWS_SECRET_ACCESS_KEY", "secret"),
                ("AWS_SESSION_TOKEN", "token"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let settings = connections::Settings::from_variables(&mut variables);
        variables.check().unwrap();
        let connections = Connections::new(settings).unwrap();
        Self {
            server,
            realtime: Realtime::new(store.clone(), connections),
            store,
            posts,
        }
    }

    async fn join(&self, room: &str, name: &str) {
        let member = MemberRow::new(room, &person(name), Role::Member, NOW);
        let joined = self.store.add_member(&member, ActOf::Member).await;
        assert_eq!(joined.unwrap(), Joined::New);
    }

    /// Opens a socket named after its person, and says `hello`. Returns whether the
    /// others are to be notified.
    async fn online(&self, socket: &str, name: &str, rooms: &[String]) -> bool {
        let user = person(name);
        let connection = Connection::new(socket.to_owned(), user.id, "s".to_owned(), NOW);
        let opened = self.store.open_socket(&connection, name, NOW).await;
        assert_eq!(opened.unwrap(), Opened::Yes);
        let begun = self.store.begin_frame(socket, true, FrameCost::ONE, NOW);
        let begun = begun.await.unwrap().expect("it is open");
        self.store.mark_ready(socket, rooms, &[]).await.unwrap();
        begun.announces
    }

    fn posted(&self) -> Vec<(String, Value)> {
        self.posts.lock().unwrap().clone()
    }
}

fn person(name: &str) -> User {
    User {
        id: name.to_lowercase(),
        name: name.to_owned(),
    }
}

#[tokio::test]
async fn finding_3_one_change_is_posted_a_bounded_number_of_times() {
    let world = World::start().await;
    let rooms: Vec<String> = (0..30).map(|n| format!("room{n}")).collect();
    let others: Vec<String> = (0..40).map(|n| format!("P{n}")).collect();
    for room in &rooms {
        world.join(room, "Ann").await;
        for other in &others {
            world.join(room, other).await;
        }
    }
    for other in &others {
        world.online(other, other, &rooms).await;
    }
    for name in ["Ann", "Bob"] {
        world.join("pair", name).await;
    }
    world.online("bob", "Bob", &["pair".to_owned()]).await;
    assert!(others.len() * rooms.len() > PRESENCE_POSTS);

    assert!(world.online("ann", "Ann", &rooms).await);
    let ann = person("Ann");
    let announced = world.realtime.went_online(&ann, "ann", NOW);
    announced.await.unwrap();
    let posted = world.posted();
    assert_eq!(posted.len(), PRESENCE_POSTS);
    // The smallest room is not left out.
    let to_bob = posted.iter().find(|(socket, _)| socket == "bob");
    let (_, frame) = to_bob.expect("they share the smallest room");
    assert_eq!(
        (&frame["room"], &frame["online"]),
        (&"pair".into(), &true.into())
    );
    assert_eq!(frame["until"], (NOW + PRESENCE_LEASE).as_millis());
}

#[tokio::test]
async fn a_person_returns_while_the_rooms_are_notified_that_they_left() {
    let world = World::start().await;
    let room = ["room".to_owned()];
    for name in ["Ann", "Bob"] {
        world.join("room", name).await;
    }
    world.online("b", "Bob", &room).await;
    world.online("a1", "Ann", &room).await;
    let closed = world.store.close_socket("a1", NOW).await.unwrap().unwrap();
    assert!(closed.announces);
    // Reads the rooms of the person.
    let mut hold = world.server.hold("aggregate", "chat.members");
    let offline = world.realtime.went_offline(vec![closed.user], NOW);
    let returns = async {
        hold.reached().await;
        assert!(world.online("a2", "Ann", &room).await);
        let ann = person("Ann");
        let online = world.realtime.went_online(&ann, "a2", NOW);
        online.await.unwrap();
        hold.release();
    };
    let (offline, ()) = tokio::join!(offline, returns);
    offline.unwrap();
    let to_bob = world
        .posted()
        .into_iter()
        .filter(|(socket, _)| socket == "b");
    let online: Vec<_> = to_bob.map(|(_, frame)| frame["online"].clone()).collect();
    assert_eq!(online, [true, false, true]);
}
