//! Longer than any message may be.

use std::sync::Arc;
use std::time::Duration;

use e2e::harness::Test;
use e2e::people::{Person, Socket};
use e2e::stack::Stack;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

pub fn tests() -> Vec<Test> {
    e2e::tests![a_message_in_several_frames_may_have_128_kb_and_no_more]
}

async fn a_message_in_several_frames_may_have_128_kb_and_no_more(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let mut socket = ann.online().await;
    let frame = |bytes: usize| {
        let empty = json!({"action": "message", "id": "long", "room": room, "text": ""});
        let text = "x".repeat(bytes - empty.to_string().len());
        json!({"action": "message", "id": "long", "room": room, "text": text}).to_string()
    };
    in_parts(&mut socket, &frame(128 * 1024)).await;
    let problem = socket.expect("problem").await;
    assert_eq!(
        problem["error"], "invalid",
        "the text is too long: {problem}"
    );
    socket.ping().await;
    in_parts(&mut socket, &frame(128 * 1024 + 1)).await;
    let code = socket.closed_within(Duration::from_secs(5)).await;
    assert_eq!(code, Some(1009));
}

/// Sends a text in frames of at most 32 KB.
async fn in_parts(socket: &mut Socket, text: &str) {
    let parts: Vec<&[u8]> = text.as_bytes().chunks(32 * 1024).collect();
    for (number, part) in parts.iter().enumerate() {
        let kind = if number == 0 {
            Data::Text
        } else {
            Data::Continue
        };
        let is_last = number + 1 == parts.len();
        let frame = Frame::message(part.to_vec(), OpCode::Data(kind), is_last);
        socket.send_raw(Message::Frame(frame)).await;
    }
}
