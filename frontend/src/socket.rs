//! One WebSocket.

use protocol::frame::TOKEN_PREFIX;
use protocol::http::SocketAddress;
use protocol::{ClientFrame, ServerFrame};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{CloseEvent, MessageEvent, WebSocket};

use crate::json;

/// What a socket tells.
pub enum Event {
    /// It is open.
    Opened,
    /// The service says something.
    Heard(Box<ServerFrame>),
    /// It is closed, or never opened.
    Closed,
}

/// A socket; dropping it closes it, and nothing more is heard of it.
pub struct Socket {
    inner: WebSocket,
    _on_open: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Opens a socket as whom `token` names; `tell` hears what becomes of it.
    pub fn open(
        address: &SocketAddress,
        token: &str,
        tell: impl Fn(Event) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let protocols = js_sys::Array::of2(
            &address.protocol.as_str().into(),
            &format!("{TOKEN_PREFIX}{token}").into(),
        );
        let inner = WebSocket::new_with_str_sequence(&address.url, &protocols)?;

        let told = tell.clone();
        let on_open = Closure::<dyn FnMut()>::new(move || told(Event::Opened));
        let told = tell.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            // What is not a frame of the contract is the gateway's own word on
            // a fault; the message concerned is sent again when its time is up.
            let text = event.data().as_string().unwrap_or_default();
            if let Some(frame) = json::parse(&text) {
                told(Event::Heard(Box::new(frame)));
            }
        });
        let on_close = Closure::<dyn FnMut(CloseEvent)>::new(move |_| tell(Event::Closed));
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

    /// Says something. What is lost with a closing socket is said again on the
    /// next, so that a failure here needs no answer.
    pub fn say(&self, frame: &ClientFrame) {
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
