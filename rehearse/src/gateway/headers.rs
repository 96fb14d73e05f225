//! Names of headers in events.

/// The case that clients send and API Gateway preserves. The HTTP server keeps
/// only lower-case names.
pub fn conventional_case(name: &str) -> String {
    let mut upper_next = true;
    let name: String = name
        .chars()
        .map(|character| {
            let upper = std::mem::replace(&mut upper_next, character == '-');
            if upper {
                character.to_ascii_uppercase()
            } else {
                character
            }
        })
        .collect();
    name.replace("Websocket", "WebSocket")
}
