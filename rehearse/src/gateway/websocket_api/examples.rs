//! Events of sockets that are not open.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::http::Request;
use bytes::Bytes;

use super::connection::Client;
use super::event::{self, Occasion};
use sam_template::application::WebSocketApi;

/// The function that a handshake with `headers` reaches, and the event that it gets.
pub fn connect(api: &WebSocketApi, headers: &BTreeMap<String, String>) -> Option<(String, Bytes)> {
    let request = Request::get(format!("/{}", api.stage)).header("host", "localhost:3000");
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(name.as_str(), value.as_str())
    });
    let (parts, ()) = request.body(()).ok()?.into_parts();
    at(api, "$connect", &Occasion::Connect(&parts))
}

/// The same for a frame.
pub fn frame(api: &WebSocketApi, text: &str) -> Option<(String, Bytes)> {
    let selected = api.route_selection.select(text);
    let routes = &api.routes;
    let own = selected.filter(|key| routes.contains_key(key.as_str()));
    let route_key = own.unwrap_or_else(|| "$default".to_owned());
    let occasion = Occasion::Message {
        route_key: &route_key,
        text,
    };
    at(api, &route_key, &occasion)
}

/// The same for the end of a connection.
pub fn close(api: &WebSocketApi, code: u16) -> Option<(String, Bytes)> {
    let reason = "Going away";
    at(api, "$disconnect", &Occasion::Disconnect { code, reason })
}

fn at(api: &WebSocketApi, route: &str, occasion: &Occasion<'_>) -> Option<(String, Bytes)> {
    let client = Client {
        connection_id: event::new_id(),
        connected_at: 0,
        source_ip: IpAddr::from([127, 0, 0, 1]),
        user_agent: Some("curl/8.5.0".to_owned()),
        domain_name: "localhost:3000".to_owned(),
        authorized: None,
    };
    let function = api.routes.get(route)?.function.clone();
    Some((function, event::build(api, &client, occasion).payload))
}
