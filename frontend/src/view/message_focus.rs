//! Which message the pointer, a finger or the keyboard is at, and what they open.

use std::time::Duration;

use leptos::html;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, HtmlDivElement, HtmlElement, PointerEvent};

use super::message_menu::below;
use crate::app::{App, app};
use crate::browser;
use crate::state::{SheetKind, actions};

/// How long a finger is held on a message to open its menu.
const LONG_PRESS: Duration = Duration::from_millis(450);
/// How far a held finger may move, in pixels.
const STEADY: i32 = 10;

/// The message with the toolbar, and the finger that is held on a message.
#[derive(Clone, Copy)]
pub struct Attention {
    app: App,
    pub toolbar: NodeRef<html::Div>,
    pub seq: RwSignal<Option<i64>>,
    press: StoredValue<Option<Press>, LocalStorage>,
}

struct Press {
    at: (i32, i32),
    timer: Option<TimeoutHandle>,
}

impl Attention {
    pub fn new() -> Self {
        let attention = Self {
            app: app(),
            toolbar: NodeRef::new(),
            seq: RwSignal::new(None),
            press: StoredValue::new_local(None),
        };
        on_cleanup(move || attention.released());
        attention
    }

    /// The pointer or the focus is at a message: moves the toolbar there.
    pub fn came_to(self, target: Option<EventTarget>) {
        let Some((message, seq)) = message_of(target) else {
            return;
        };
        let Some(toolbar) = self.toolbar.get_untracked() else {
            return;
        };
        let holds_focus = || {
            let focused = browser::document().active_element();
            focused.is_some_and(|focused| toolbar.contains(Some(&focused)))
        };
        if message.contains(Some(&toolbar)) || holds_focus() {
            return;
        }
        let has_actions = self
            .app
            .chat
            .with_untracked(|chat| actions(chat, seq, browser::now()).is_some());
        if has_actions {
            self.seq.set(Some(seq));
            // At the front, so that Tab leads from the message to its toolbar.
            let _ = message.insert_before(&toolbar, message.first_child().as_ref());
        } else {
            toolbar.remove();
        }
    }

    /// A click with the second button, the key for menus, or a long press where the
    /// browser reports it. Links and selected text keep the browser's own menu.
    pub fn on_context_menu(self, event: &leptos::ev::MouseEvent) {
        let target = event.target();
        let element = target.clone().map(JsCast::unchecked_into::<Element>);
        let is_link =
            element.is_some_and(|element| matches!(element.closest("a[href]"), Ok(Some(_))));
        if is_link || browser::has_selection() || event.shift_key() {
            return;
        }
        if let Some((_, seq)) = message_of(target)
            && self.open_menu(seq, (event.client_x(), event.client_y()))
        {
            event.prevent_default();
        }
    }

    pub fn pressed(self, event: &PointerEvent) {
        self.released();
        if event.pointer_type() != "touch" {
            return;
        }
        let Some((_, seq)) = message_of(event.target()) else {
            return;
        };
        let at = (event.client_x(), event.client_y());
        let held = move || {
            self.released();
            self.open_menu(seq, at);
        };
        let timer = set_timeout_with_handle(held, LONG_PRESS).ok();
        self.press.set_value(Some(Press { at, timer }));
    }

    pub fn moved(self, event: &PointerEvent) {
        let has_moved = self.press.with_value(|press| {
            press.as_ref().is_some_and(|press| {
                (event.client_x() - press.at.0).abs() > STEADY
                    || (event.client_y() - press.at.1).abs() > STEADY
            })
        });
        if has_moved {
            self.released();
        }
    }

    pub fn released(self) {
        let press = self.press.try_update_value(Option::take).flatten();
        if let Some(timer) = press.and_then(|press| press.timer) {
            timer.clear();
        }
    }

    pub fn on_key(self, event: &leptos::ev::KeyboardEvent, area: &HtmlDivElement) {
        let Some(target) = event.target() else {
            return;
        };
        let element: Element = target.clone().unchecked_into();
        let key = event.key();
        if element.is_same_node(Some(area)) {
            if key == "Enter" {
                event.prevent_default();
                focus(newest_in_view(area));
            }
            return;
        }
        if !element.class_list().contains("message") {
            // A control of a message.
            if key == "Escape" {
                focus(element.closest(".message").ok().flatten());
            }
            return;
        }
        let is_menu_key = key == "ContextMenu" || (key == "F10" && event.shift_key());
        match key.as_str() {
            "Enter" => {}
            _ if is_menu_key => {}
            "ArrowUp" => {
                event.prevent_default();
                return focus(neighbour(area, &element, false));
            }
            "ArrowDown" => {
                event.prevent_default();
                return focus(neighbour(area, &element, true));
            }
            "Escape" => return focus(browser::document().get_element_by_id("message-text")),
            _ => return,
        }
        let bubble = element.query_selector(".bubble").ok().flatten();
        if let Some((_, seq)) = message_of(Some(target))
            && self.open_menu(seq, below(&bubble.unwrap_or(element)))
        {
            event.prevent_default();
        }
    }

    fn open_menu(self, seq: i64, at: (i32, i32)) -> bool {
        let has_actions = self
            .app
            .chat
            .with_untracked(|chat| actions(chat, seq, browser::now()).is_some());
        if has_actions {
            self.app.open_sheet(seq, SheetKind::Menu, at);
        }
        has_actions
    }
}

/// The message of the service that contains an element.
fn message_of(target: Option<EventTarget>) -> Option<(Element, i64)> {
    let element: Element = target?.dyn_into().ok()?;
    let message = element.closest(".message[data-seq]").ok()??;
    let seq = message.get_attribute("data-seq")?.parse().ok()?;
    Some((message, seq))
}

fn focus(element: Option<Element>) {
    if let Some(element) = element {
        let _ = element.unchecked_into::<HtmlElement>().focus();
    }
}

fn messages(area: &HtmlDivElement) -> Vec<Element> {
    let Ok(found) = area.query_selector_all(".message") else {
        return Vec::new();
    };
    let nodes = (0..found.length()).filter_map(|index| found.item(index));
    nodes.map(JsCast::unchecked_into).collect()
}

fn newest_in_view(area: &HtmlDivElement) -> Option<Element> {
    let bottom = area.get_bounding_client_rect().bottom();
    let is_in_view = |message: &Element| message.get_bounding_client_rect().top() < bottom;
    messages(area).into_iter().rfind(is_in_view)
}

fn neighbour(area: &HtmlDivElement, message: &Element, is_below: bool) -> Option<Element> {
    let all = messages(area);
    let here = all.iter().position(|one| one.is_same_node(Some(message)))?;
    let next = if is_below {
        here.checked_add(1)
    } else {
        here.checked_sub(1)
    };
    all.into_iter().nth(next?)
}
