//! The way in: asks whether this browser is signed in, and where it is not,
//! leads through the forms. Whoever has signed in is handed to the rooms.

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

use crate::held::Held;
use crate::json::Json;
use crate::state::{Entry, Problem, Screen};
use crate::{browser, view, visit, words};

/// Everything that a view of the way in needs.
#[derive(Clone, Copy)]
pub struct WayIn {
    /// Which view is shown.
    pub screen: Held<Screen>,
    /// The forms.
    pub entry: Held<Entry>,
    /// The time, to the second, for what counts down.
    pub now: Held<Timestamp>,
    doors: StoredValue<Rc<Doors>, LocalStorage>,
}

/// Where the way in leads to.
struct Doors {
    /// Promises the function that draws the rooms.
    rooms: Function,
    /// What is drawn of the way in; it goes when this does.
    drawn: RefCell<Option<Box<dyn Any>>>,
}

/// Draws the way in. `rooms` promises the function that draws the rooms.
pub fn start(rooms: Function) {
    browser::report_panics();
    if let Some(loading) = browser::document().get_element_by_id("loading") {
        loading.remove();
    }
    let doors = Rc::new(Doors {
        rooms,
        drawn: RefCell::default(),
    });
    let body = browser::document().body();
    let body = body.expect("the document has a body by now");
    let drawn = leptos::mount::mount_to(body, {
        let doors = Rc::clone(&doors);
        move || {
            let way_in = WayIn::to(doors);
            provide_context(way_in);
            way_in.begin();
            view::way_in::page()
        }
    });
    doors.drawn.replace(Some(Box::new(drawn)));
}

/// The way in, in a view.
pub fn way_in() -> WayIn {
    use_context().expect("the page provides the way in before it draws")
}

impl WayIn {
    fn to(doors: Rc<Doors>) -> Self {
        Self {
            screen: Held::default(),
            entry: Held::default(),
            now: Held::new(browser::now()),
            doors: StoredValue::new_local(doors),
        }
    }

    fn begin(self) {
        if visit::was_ended_by_service() {
            self.refuse(Problem::of_form(words::SIGNED_OUT));
        }
        if visit::goes_on() {
            self.prepare_rooms();
        }
        self.resume();
        let every_second = move || self.now.set(browser::now());
        if let Ok(ticking) = set_interval_with_handle(every_second, Duration::from_secs(1)) {
            on_cleanup(move || ticking.clear());
        }
    }

    /// Begins to load the rooms, for who will be there soon.
    fn prepare_rooms(self) {
        spawn_local(async move {
            // Where it fails, it is tried again when they are wanted.
            let _ = self.doors.get_value().load().await;
        });
    }

    /// Leaves for the rooms.
    async fn enter(self, signed_in: &Json) {
        let doors = self.doors.get_value();
        let Some(show) = doors.load().await else {
            return self.screen.set(Screen::Unreachable);
        };
        visit::begin();
        doors.drawn.take();
        // What goes wrong in there is told there.
        let _ = show.call1(&JsValue::UNDEFINED, signed_in.as_js());
    }
}

impl Doors {
    /// The function that draws the rooms; none while it cannot be loaded.
    async fn load(&self) -> Option<Function> {
        let promise: Promise = self.rooms.call0(&JsValue::UNDEFINED).ok()?.unchecked_into();
        let show = JsFuture::from(promise).await.ok()?;
        show.dyn_into().ok()
    }
}
