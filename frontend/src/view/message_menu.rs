//! Actions on a message: the toolbar beside it, and the dialogs: its menu, the
//! choice of a reaction, the question before a deletion, and earlier versions.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDialogElement, HtmlElement};

use super::emoji_picker::emoji_picker;
use super::icons::{self, icon};
use super::list::click;
use crate::app::{App, app};
use crate::browser;
use crate::state::{Sheet, SheetKind, actions};
use crate::strings;

/// The distance of a dialog from the edges of the window, in pixels.
const MARGIN: i32 = 8;

/// Where a dialog opens for a click on a button: below the button.
pub fn place_of(event: &leptos::ev::MouseEvent) -> (i32, i32) {
    let button = event
        .target()
        .and_then(|target| target.unchecked_into::<Element>().closest("button").ok()?);
    button.map_or((0, 0), |button| below(&button))
}

/// The place below an element.
pub fn below(element: &Element) -> (i32, i32) {
    let edge = element.get_bounding_client_rect();
    (edge.left() as i32, edge.bottom() as i32 + 4)
}

/// The toolbar, which moves into the message with the pointer or the focus.
pub fn toolbar(element: NodeRef<html::Div>, seq: Signal<Option<i64>>) -> AnyView {
    let app = app();
    let open = move |kind| {
        move |event: leptos::ev::MouseEvent| {
            if let Some(seq) = seq.get_untracked() {
                app.open_sheet(seq, kind, place_of(&event));
            }
        }
    };
    let reply = move || {
        if let Some(seq) = seq.get_untracked() {
            app.reply_to(seq);
        }
    };
    view! {
        <div
            node_ref=element
            id="toolbar"
            class="toolbar"
            role="group"
            aria-label=strings::MESSAGE_ACTIONS
        >
            <button id="toolbar-reply" type="button" aria-label=strings::REPLY title=strings::REPLY on:click=click(reply)>
                {icon(icons::REPLY)}
            </button>
            <button
                id="toolbar-react"
                type="button"
                aria-label=strings::REACT
                title=strings::REACT
                aria-haspopup="dialog"
                on:click=open(SheetKind::React)
            >
                {icon(icons::REACT)}
            </button>
            <button
                id="toolbar-more"
                type="button"
                aria-label=strings::MORE
                title=strings::MORE
                aria-haspopup="menu"
                on:click=open(SheetKind::Menu)
            >
                {icon(icons::MORE)}
            </button>
        </div>
    }
    .into_any()
}

/// The dialog about a message. One element shows all kinds, so that the focus
/// returns to where the first of them was opened.
pub fn sheet() -> AnyView {
    let app = app();
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let sheet = app.sheet.get();
        let Some(element) = element.get() else {
            return;
        };
        match sheet {
            Some(sheet) => {
                if !element.open() {
                    // Fails only for an element outside the document.
                    let _ = element.show_modal();
                }
                // Its content is drawn by then, and its size is known.
                request_animation_frame(move || arrange(&element, sheet));
            }
            None if element.open() => element.close(),
            None => {}
        }
    });
    let shown = Memo::new(move |_| app.sheet.get().map(|sheet| (sheet.seq, sheet.kind)));
    let label = move || match shown.get() {
        Some((_, SheetKind::React)) => strings::REACT,
        Some((_, SheetKind::Insert)) => strings::INSERT_EMOJI,
        Some((_, SheetKind::Delete)) => strings::DELETE_QUESTION,
        Some((_, SheetKind::Versions)) => strings::VERSIONS,
        Some((_, SheetKind::Menu)) | None => strings::MESSAGE_ACTIONS,
    };
    let kind = move || match shown.get() {
        Some((_, SheetKind::Menu)) => "menu",
        Some((_, SheetKind::React)) => "react",
        Some((_, SheetKind::Insert)) => "insert",
        Some((_, SheetKind::Delete)) => "delete",
        Some((_, SheetKind::Versions)) => "versions",
        None => "",
    };
    let content = move || {
        shown.get().map(|(seq, kind)| match kind {
            SheetKind::Menu => menu(app, seq),
            SheetKind::React => emoji_picker(move |emoji| app.toggle_reaction(seq, emoji)),
            SheetKind::Insert => emoji_picker(insert),
            SheetKind::Delete => deletion(app, seq),
            SheetKind::Versions => versions(app),
        })
    };
    view! {
        <dialog
            id="message-sheet"
            node_ref=element
            aria-label=label
            data-kind=kind
            on:close=move |_| app.close_sheet()
            on:click=move |event| {
                // The backdrop belongs to the dialog; its content is in an element of its own.
                let target = event.target().map(JsCast::unchecked_into::<Element>);
                if let (Some(element), Some(target)) = (element.get_untracked(), target)
                    && element.is_same_node(Some(&target))
                {
                    app.close_sheet();
                }
            }
        >
            <div class="sheet">{content}</div>
        </dialog>
    }
    .into_any()
}

/// Moves the dialog to its place within the window, and the focus to its first control.
fn arrange(dialog: &HtmlDialogElement, sheet: Sheet) {
    let is_placed = matches!(
        sheet.kind,
        SheetKind::Menu | SheetKind::React | SheetKind::Insert
    );
    let window = browser::window();
    let size = |value: Result<wasm_bindgen::JsValue, _>| {
        value.ok().and_then(|value| value.as_f64()).unwrap_or(0.0) as i32
    };
    let (width, height) = (size(window.inner_width()), size(window.inner_height()));
    let edge = dialog.get_bounding_client_rect();
    let within =
        |at: i32, length: f64, space: i32| at.min(space - length as i32 - MARGIN).max(MARGIN);
    let style = HtmlElement::style(dialog);
    let (left, top) = (
        within(sheet.at.0, edge.width(), width),
        within(sheet.at.1, edge.height(), height),
    );
    for (property, value) in [("--left", left), ("--top", top)] {
        let value = if is_placed {
            format!("{value}px")
        } else {
            String::new()
        };
        // Fails only for an invalid name.
        let _ = style.set_property(property, &value);
    }
    // With a finger a focused field would raise the keyboard.
    let first = match browser::has_coarse_pointer() {
        true => "button",
        false => "input, button",
    };
    if let Ok(Some(first)) = dialog.query_selector(first) {
        let _ = first.unchecked_into::<HtmlElement>().focus();
    }
}

fn menu(app: App, seq: i64) -> AnyView {
    let allowed = app
        .chat
        .with_untracked(|chat| actions(chat, seq, browser::now()));
    let Some(allowed) = allowed else {
        return view! { <p class="hint">{strings::DELETED}</p> }.into_any();
    };
    let at = app
        .sheet
        .with_untracked(|sheet| sheet.map_or((0, 0), |sheet| sheet.at));
    let pin = if allowed.is_pinned {
        strings::UNPIN
    } else {
        strings::PIN
    };
    let close_and = move |work: Box<dyn Fn()>| {
        move || {
            app.close_sheet();
            work();
        }
    };
    let item = |id: &'static str, path, label, work: Box<dyn Fn()>| {
        let class = if id == "menu-delete" { "danger" } else { "" };
        view! {
            <button id=id class=class type="button" role="menuitem" tabindex="-1" on:click=click(work)>
                {icon(path)}
                {label}
            </button>
        }
        .into_any()
    };
    let closing =
        |id, path, label, work: Box<dyn Fn()>| item(id, path, label, Box::new(close_and(work)));
    view! {
        <div role="menu" aria-label=strings::MESSAGE_ACTIONS on:keydown=move |event| move_in_menu(&event)>
            {closing("menu-reply", icons::REPLY, strings::REPLY, Box::new(move || app.reply_to(seq)))}
            {item("menu-react", icons::REACT, strings::REACT, Box::new(move || {
                app.open_sheet(seq, SheetKind::React, at);
            }))}
            {closing("menu-copy", icons::COPY, strings::COPY_TEXT, Box::new(move || app.copy_message(seq)))}
            {closing("menu-link", icons::LINK, strings::COPY_LINK, Box::new(move || app.copy_link(seq)))}
            {closing("menu-pin", icons::PIN, pin, Box::new(move || app.pin(seq, !allowed.is_pinned)))}
            {allowed.can_edit.then(|| {
                closing("menu-edit", icons::EDIT, strings::EDIT, Box::new(move || app.edit_message(seq)))
            })}
            {allowed.can_delete.then(|| {
                item("menu-delete", icons::DELETE, strings::DELETE, Box::new(move || {
                    app.open_sheet(seq, SheetKind::Delete, at);
                }))
            })}
        </div>
    }
    .into_any()
}

/// The arrow keys, Home and End in a menu, and Tab, which leaves it.
fn move_in_menu(event: &leptos::ev::KeyboardEvent) {
    let items = browser::document().query_selector_all("#message-sheet [role=menuitem]");
    let Ok(items) = items else {
        return;
    };
    let count = items.length();
    let focused = browser::document().active_element();
    let here = (0..count).find(|index| {
        let item = items.item(*index);
        item.is_some_and(|item| {
            focused
                .as_ref()
                .is_some_and(|focused| focused.is_same_node(Some(&item)))
        })
    });
    let here = here.unwrap_or(0);
    let next = match event.key().as_str() {
        "ArrowDown" => (here + 1) % count.max(1),
        "ArrowUp" => (here + count.max(1) - 1) % count.max(1),
        "Home" => 0,
        "End" => count.saturating_sub(1),
        "Tab" => {
            event.prevent_default();
            return app().close_sheet();
        }
        _ => return,
    };
    event.prevent_default();
    if let Some(item) = items.item(next) {
        let _ = item.unchecked_into::<HtmlElement>().focus();
    }
}

/// Inserts an emoji into the composer.
fn insert(emoji: &str) {
    let emoji = emoji.to_owned();
    // After the dialog has returned the focus.
    request_animation_frame(move || {
        browser::focus("message-text");
        browser::insert(&emoji);
    });
}

fn deletion(app: App, seq: i64) -> AnyView {
    let delete = move || {
        app.close_sheet();
        app.delete_message(seq);
    };
    view! {
        <h2>{strings::DELETE_QUESTION}</h2>
        <p>{strings::DELETE_EXPLAINED}</p>
        <div class="row end">
            <button id="delete-cancel" type="button" on:click=click(move || app.close_sheet())>
                {strings::CANCEL}
            </button>
            <button id="delete-confirm" class="danger" type="button" on:click=click(delete)>
                {strings::DELETE}
            </button>
        </div>
    }
    .into_any()
}

fn versions(app: App) -> AnyView {
    let list = move || {
        app.versions.with(|loaded| match loaded {
            None => view! { <p class="hint" role="status">{strings::LOADING}</p> }.into_any(),
            Some(Err(problem)) => {
                view! { <p class="problem" role="alert">{problem.clone()}</p> }.into_any()
            }
            Some(Ok(versions)) if versions.is_empty() => {
                view! { <p class="hint">{strings::NO_VERSIONS}</p> }.into_any()
            }
            Some(Ok(versions)) => {
                let version = |version: &protocol::http::Version| {
                    view! {
                        <li>
                            <time>{browser::moment(version.at)}</time>
                            <p dir="auto">{version.text.clone()}</p>
                        </li>
                    }
                    .into_any()
                };
                let versions: Vec<AnyView> = versions.iter().map(version).collect();
                view! { <ol id="versions">{versions}</ol> }.into_any()
            }
        })
    };
    view! {
        <div class="head">
            <h2>{strings::VERSIONS}</h2>
            <button
                class="quiet icon"
                type="button"
                aria-label=strings::CLOSE
                on:click=click(move || app.close_sheet())
            >
                {icon(icons::CLOSE)}
            </button>
        </div>
        {list}
    }
    .into_any()
}
