//! An event of the WebSocket API as a function reads it. The input is a line for
//! each of the offered subprotocols and the origin; what follows is the frame.

#![no_main]

use domain::{ClientMessageId, MessageText};
use lambda::websocket::{Frame, Handshake};
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use protocol::ClientFrame;

fuzz_target!(|text: &str| {
    let mut parts = text.splitn(3, '\n');
    let mut next = || parts.next().unwrap_or_default();
    let (protocols, origin, body) = (next(), next(), next());
    let event = json!({
        "headers": {"Sec-WebSocket-Protocol": protocols, "Origin": origin},
        "multiValueHeaders": {"Sec-WebSocket-Protocol": [protocols], "Origin": [origin]},
        "requestContext": {
            "routeKey": "$default", "eventType": "MESSAGE", "connectionId": "c=",
            "requestId": "r", "apiId": "a", "stage": "socket", "connectedAt": 1,
            "identity": {"sourceIp": "127.0.0.1"},
        },
        "body": body,
        "isBase64Encoded": false,
    });
    // Headers that no HTTP server would pass on are refused here already.
    let Ok(event) = serde_json::from_value(event) else {
        return;
    };
    let handshake = Handshake::new(&event);
    if let Some(token) = &handshake.token {
        assert!(protocols.contains(token.as_str()));
    }
    let Ok(frame) = Frame::new(event).read() else {
        return;
    };
    // A frame that is accepted says the same after another round.
    let again = serde_json::to_string(&frame).expect("frames are plain data");
    let read: ClientFrame = serde_json::from_str(&again).expect("it was one before");
    assert_eq!(read, frame);
    if let ClientFrame::Message { id, text, .. } = frame {
        if let Ok(id) = ClientMessageId::parse("id", &id) {
            assert!((1..=64).contains(&id.as_str().chars().count()));
        }
        if let Ok(text) = MessageText::parse("text", &text) {
            let again = MessageText::parse("text", text.as_str()).expect("it is one");
            assert_eq!(again.as_str(), text.as_str());
        }
    }
});
