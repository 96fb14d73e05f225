//! Wire protocol: valid messages are answered, and a malformed message closes its
//! own connection only.

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use embedded_mongo::wire::{self, Header};
use mongodb::bson::{Document, doc};
use proptest::prelude::*;

use support::Mongo;

const OP_QUERY: i32 = 2004;
const OP_MSG: i32 = 2013;

fn message(op_code: i32, body: &[u8]) -> Vec<u8> {
    let length = (body.len() + Header::BYTES) as i32;
    let mut bytes = Vec::new();
    for word in [length, 7, 0, op_code] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(body);
    bytes
}

fn op_msg(flags: u32, command: &Document) -> Vec<u8> {
    let mut body = flags.to_le_bytes().to_vec();
    body.push(0);
    body.extend(command.to_vec().unwrap());
    message(OP_MSG, &body)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream
}

fn answer(stream: &mut TcpStream) -> (i32, Document) {
    let mut header = [0; 16];
    stream.read_exact(&mut header).unwrap();
    let word = |at: usize| i32::from_le_bytes(header[at..at + 4].try_into().unwrap());
    assert_eq!(word(8), 7, "responseTo is the request id");
    let mut body = vec![0; word(0) as usize - 16];
    stream.read_exact(&mut body).unwrap();
    let skip = if word(12) == 1 { 20 } else { 5 };
    (word(12), Document::from_reader(&body[skip..]).unwrap())
}

/// Sends bytes on a new connection. Returns whether the server closed it.
fn is_closed_after(address: SocketAddr, bytes: &[u8]) -> bool {
    let mut stream = connect(address);
    // The server may have closed before all was sent.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut rest = Vec::new();
    let ended = stream.read_to_end(&mut rest);
    // A reset also counts as closed; a timeout does not.
    let waited = ended
        .err()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
    rest.is_empty() && !waited
}

#[tokio::test]
async fn the_first_hello_may_be_an_op_query() {
    let mongo = Mongo::start().await;
    let mut stream = connect(mongo.server.address());
    let mut body = 0_i32.to_le_bytes().to_vec();
    body.extend(b"admin.$cmd\0");
    body.extend(0_i32.to_le_bytes());
    body.extend((-1_i32).to_le_bytes());
    body.extend(doc! { "isMaster": 1, "helloOk": true }.to_vec().unwrap());
    stream.write_all(&message(OP_QUERY, &body)).unwrap();
    let (op_code, hello) = answer(&mut stream);
    assert_eq!(op_code, 1);
    assert!(hello.get_bool("ismaster").unwrap());
    assert_eq!(
        hello.get_str("me").unwrap(),
        mongo.server.address().to_string()
    );
}

#[tokio::test]
async fn a_more_to_come_message_gets_no_reply() {
    let mongo = Mongo::start().await;
    let mut stream = connect(mongo.server.address());
    let insert = doc! { "insert": "c", "documents": [{ "_id": 1 }], "writeConcern": { "w": 0 }, "$db": "test" };
    stream.write_all(&op_msg(2, &insert)).unwrap();
    stream
        .write_all(&op_msg(0, &doc! { "count": "c", "$db": "test" }))
        .unwrap();
    let (_, counted) = answer(&mut stream);
    assert_eq!(counted.get_i32("n").unwrap(), 1);
}

#[tokio::test]
async fn malformed_messages_close_only_their_connection() {
    let mongo = Mongo::start().await;
    let address = mongo.server.address();
    let ping = doc! { "ping": 1, "$db": "admin" };
    let good = op_msg(0, &ping);
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("a length of zero", changed(0, 0)),
        ("a length that is negative", changed(3, 0xff)),
        ("a length beyond the limit", changed(3, 0x7f)),
        ("an unknown operation", changed(12, 1)),
        ("an unknown flag", changed(16, 4)),
        ("a checksum mismatch", changed(16, 1)),
        (
            "an HTTP request",
            b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(),
        ),
        ("half a message", good[..20].to_vec()),
    ];
    for (what, bytes) in cases {
        assert!(is_closed_after(address, &bytes), "{what}");
        let mut stream = connect(address);
        stream.write_all(&good).unwrap();
        assert_eq!(
            answer(&mut stream).1.get_f64("ok").unwrap(),
            1.0,
            "after {what}"
        );
    }
}

/// An OP_MSG with a document of the given nesting depth, written without recursion.
fn nested(depth: i32) -> Vec<u8> {
    let mut body = vec![0; 5];
    for level in (1..=depth).rev() {
        body.extend((5 + 8 * level).to_le_bytes());
        body.extend(b"\x03a\0");
    }
    body.extend([5, 0, 0, 0]);
    body.extend(vec![0; depth as usize + 1]);
    message(OP_MSG, &body)
}

#[tokio::test]
async fn invalid_content_gets_an_error_reply_on_the_same_connection() {
    let mongo = Mongo::start().await;
    let mut stream = connect(mongo.server.address());
    let ping = doc! { "ping": 1, "$db": "admin" };
    let good = op_msg(0, &ping);
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let cases: Vec<(&str, Vec<u8>, i32)> = vec![
        ("an unknown section", changed(20, 9), 40432),
        ("a document longer than the message", changed(21, 0xf0), 22),
        ("a type that does not exist", changed(25, 0x44), 22),
        (
            "two bodies",
            {
                let mut body = vec![0; 4];
                for _ in 0..2 {
                    body.push(0);
                    body.extend(ping.to_vec().unwrap());
                }
                message(OP_MSG, &body)
            },
            40430,
        ),
        ("no body section", message(OP_MSG, &[0; 5]), 22),
        (
            "text that is not UTF-8",
            {
                let mut bytes = op_msg(0, &doc! { "ping": "aaaa", "$db": "admin" });
                let at = bytes.windows(4).position(|w| w == b"aaaa").unwrap();
                bytes[at] = 0xff;
                bytes
            },
            22,
        ),
        ("190 nested documents", nested(190), 15),
        ("100,000 nested documents", nested(100_000), 15),
    ];
    for (what, bytes, expected) in cases {
        stream.write_all(&bytes).unwrap();
        let (_, reply) = answer(&mut stream);
        assert_eq!(reply.get_i32("code").unwrap(), expected, "{what}: {reply}");
        stream.write_all(&good).unwrap();
        let (_, reply) = answer(&mut stream);
        assert_eq!(reply.get_f64("ok").unwrap(), 1.0, "after {what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_connections_are_served_at_once() {
    let mongo = Mongo::start().await;
    let address = mongo.server.address();
    let ended = tokio::task::spawn_blocking(move || {
        let mut streams: Vec<TcpStream> = (0..500).map(|_| connect(address)).collect();
        for stream in &mut streams {
            stream
                .write_all(&op_msg(0, &doc! { "hello": 1, "$db": "admin" }))
                .unwrap();
        }
        streams
            .iter_mut()
            .map(|stream| answer(stream).1)
            .filter(|hello| hello.get_bool("isWritablePrimary").unwrap())
            .count()
    });
    assert_eq!(ended.await.unwrap(), 500);
}

fn parsed(bytes: &[u8]) -> Option<wire::Request> {
    let raw: [u8; 16] = bytes.get(..16)?.try_into().ok()?;
    let header = Header::parse(raw).ok()?;
    wire::parse(&header, &raw, &bytes[16..]).ok()
}

/// Whether an accepted message can be decoded completely.
fn is_valid(request: &wire::Request) -> bool {
    Document::try_from(request.body.clone()).is_ok()
        && request
            .sequences
            .iter()
            .flat_map(|(_, documents)| documents)
            .all(|document| Document::try_from(document.clone()).is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_rejected_or_valid(op_code in prop::sample::select(vec![OP_MSG, OP_QUERY, 1]), body in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(request) = parsed(&message(op_code, &body)) {
            prop_assert!(is_valid(&request));
        }
    }

    #[test]
    fn mutated_messages_are_rejected_or_valid(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), flags in 0..3_u32) {
        let command = doc! {
            "insert": "c", "$db": "test",
            "documents": [{
                "a": 1, "b": 2_i64, "c": 0.5, "d": "text", "e": [true, mongodb::bson::Bson::Null], "f": { "g": mongodb::bson::oid::ObjectId::new() },
                "h": mongodb::bson::Binary { subtype: mongodb::bson::spec::BinarySubtype::BinaryOld, bytes: vec![1, 2, 3] },
                "i": mongodb::bson::Regex { pattern: "a".try_into().unwrap(), options: "i".try_into().unwrap() },
                "j": mongodb::bson::JavaScriptCodeWithScope { code: "x".to_owned(), scope: doc! { "x": 1 } },
                "k": mongodb::bson::DateTime::from_millis(-1), "l": mongodb::bson::Timestamp { time: 1, increment: 2 },
            }],
        };
        let mut bytes = op_msg(flags, &command);
        for (index, byte) in changes {
            let at = 16 + index.index(bytes.len() - 16);
            bytes[at] = byte;
        }
        if let Some(request) = parsed(&bytes) {
            prop_assert!(is_valid(&request));
        }
    }
}
