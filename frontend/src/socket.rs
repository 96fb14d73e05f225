//! The WebSocket.

use protocol::frame::TOKEN_PREFIX;
use protocol::http::SocketAddress;
use protocol::{ClientFrame, ServerFrame};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{CloseEvent, MessageEvent, WebSocket};

use crate::json;

pub enum Event {
    Opened,
    Frame(Box<ServerFrame>),
    /// Closed, or could not be opened.
    Closed,
}

/// A socket. Dropping it closes it and stops its events.
pub struct Socket {
    inner: WebSocket,
    _on_open: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Opens a socket with an access token. `handle` receives its events.
    pub fn open(
        address: &SocketAddress,
        token: &str,
        handle: impl Fn(Event) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let protocols = js_sys::Array::of2(
            &address.protocol.as_str().into(),
            &format!("{TOKEN_PREFIX}{token}").into(),
        );
        let inner = WebSocket::new_with_str_sequence(&address.url, &protocols)?;

        let result = handle.clone();
        let on_open = Closure::<dyn FnMut()>::new(move || result(Event::Opened));
        let result = handle.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            // A text that is not a frame of the contract is API Gateway's own
            // error. The message concerned is resent after its timeout.
            let text = event.data().as_string().unwrap_or_default();
            if let Some(frame) = json::parse(&text) {
                result(Event::Frame(Box::new(frame)));
            }
        });
        let on_close = Closure::<dyn FnMut(CloseEvent)>::new(move |_| handle(Event::Closed));
        inner.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        inner.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        inner.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self {
            inner,
            _on_open: on_open,
            _on_message: on_message,
            _on_close: on_close,
        })
    }

    /// Sends a frame. Errors are ignored: what a closing socket loses is resent
    /// on the next one.
    pub fn send(&self, frame: &ClientFrame) {
        let _ = self.inner.send_with_str(&json::text(frame));
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.inner.set_onopen(None);
        self.inner.set_onmessage(None);
        self.inner.set_onclose(None);
        let _ = self.inner.close();
    }
}
