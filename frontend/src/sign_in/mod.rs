//! Signing in: resumes the session of this browser if there is one, and leads
//! through the forms otherwise. Then it hands over to the chat module.

mod forms;

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use chat_client::Timestamp;
use js_sys::{Function, Promise};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::json::Json;
use crate::signal::SmallSignal;
use crate::state::{CodeStep, Problem, Screen, SignInForm};
use crate::{browser, code_step, session_flags, strings};

/// What the views of this module share.
#[derive(Clone, Copy)]
pub struct SignInFlow {
    pub screen: SmallSignal<Screen>,
    pub form: SmallSignal<SignInForm>,
    /// The time, to the second, for countdowns.
    pub now: SmallSignal<Timestamp>,
    chat: StoredValue<Rc<Chat>, LocalStorage>,
}

/// The chat module, which takes the place of the sign-in views.
pub struct Chat {
    load: Function,
    /// The mounted sign-in views; dropping them unmounts them.
    mounted: RefCell<Option<Box<dyn Any>>>,
}

/// The flow, in a view.
pub fn flow() -> SignInFlow {
    use_context().expect("bin/sign_in.rs provides the flow before it draws")
}

impl SignInFlow {
    pub fn new(chat: Rc<Chat>) -> Self {
        Self {
            screen: SmallSignal::default(),
            form: SmallSignal::default(),
            now: SmallSignal::new(browser::now()),
            chat: StoredValue::new_local(chat),
        }
    }

    pub fn start(self) {
        if session_flags::take_ended_by_service() {
            self.refuse(Problem::of_form(strings::SIGNED_OUT));
        }
        if let Some(step) = code_step::load() {
            self.form.update(|form| form.resume(step));
        }
        Effect::new(move |before: Option<Option<CodeStep>>| {
            let step = self.form.with(SignInForm::to_resume);
            if before.is_some_and(|before| before != step) {
                code_step::save(step.as_ref());
            }
            step
        });
        if session_flags::is_signed_in() {
            self.preload_chat();
        }
        match browser::take_reset_token() {
            Some(token) => {
                self.form.update(|form| form.follow_reset_link(token));
                self.screen.set(Screen::SignIn);
            }
            None => self.resume(),
        }
        let every_second = move || self.now.set(browser::now());
        if let Ok(ticking) = set_interval_with_handle(every_second, Duration::from_secs(1)) {
            on_cleanup(move || ticking.clear());
        }
    }

    /// Loads the chat module ahead of time. A failure is ignored: `enter` tries
    /// again.
    fn preload_chat(self) {
        spawn_local(async move {
            let _ = self.chat.get_value().load().await;
        });
    }

    /// Unmounts the sign-in views and starts the chat.
    async fn enter(self, signed_in: &Json) {
        let chat = self.chat.get_value();
        let Some(start) = chat.load().await else {
            return self.screen.set(Screen::Unreachable);
        };
        session_flags::set_signed_in();
        code_step::save(None);
        chat.mounted.take();
        // The chat module reports its own errors.
        let _ = start.call1(&JsValue::UNDEFINED, signed_in.as_js());
    }
}

impl Chat {
    pub fn new(load: Function) -> Self {
        Self {
            load,
            mounted: RefCell::default(),
        }
    }

    /// Unmounts `mounted` when the chat starts.
    pub fn replaces(&self, mounted: impl Any) {
        self.mounted.replace(Some(Box::new(mounted)));
    }

    /// The module's `start` function, if it can be loaded.
    async fn load(&self) -> Option<Function> {
        let promise: Promise = self.load.call0(&JsValue::UNDEFINED).ok()?.unchecked_into();
        let start = JsFuture::from(promise).await.ok()?;
        start.dyn_into().ok()
    }
}
