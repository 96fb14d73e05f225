//! The composer of a room.

use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlTextAreaElement;

use super::completions::Completions;
use super::icons::{self, icon};
use super::list::click;
use super::message_menu::place_of;
use crate::app::{App, app};
use crate::state::{Problem, SheetKind, plain, remaining, toggled};
use crate::{browser, strings};

/// With a mouse and a keyboard Enter sends and Shift+Enter breaks the line; with a
/// finger Enter breaks the line and the button sends. The draft is stored until it
/// is sent, and so is the text of an edit.
pub fn composer(room: String) -> AnyView {
    let app = app();
    let area = NodeRef::<html::Textarea>::new();
    let completions = Completions::of(area);
    let problem = RwSignal::new(None::<String>);
    // The characters that are left, near the limit.
    let left = RwSignal::new(None::<i64>);
    let text = app.begin_composing(&room);
    let is_coarse = browser::has_coarse_pointer();
    let of_room = room.clone();
    let send = move || {
        if let Some(area) = area.get_untracked() {
            match submit(app, &of_room, &area, completions) {
                Ok(()) => {
                    problem.set(None);
                    left.set(remaining(&area.value()));
                }
                Err(refused) => problem.set(Some(refused.message)),
            }
            let _ = area.focus();
        }
    };
    let by_button = send.clone();
    let of_room = room.clone();
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        let key = event.key();
        if is_of_ime(&event) {
            return;
        }
        let is_plain = !event.shift_key() && !event.ctrl_key() && !event.alt_key();
        let is_empty = area
            .get_untracked()
            .is_some_and(|area| area.value().is_empty());
        let marker = marker_of(&event);
        if let (Some(marker), Some(area)) = (marker, area.get_untracked()) {
            event.prevent_default();
            return toggle(&area, marker);
        }
        let is_taken = is_plain && completions.takes_key(&key)
            || match key.as_str() {
                "Enter" if !event.shift_key() && !is_coarse => {
                    send();
                    true
                }
                "Escape" => cancel(app, &of_room),
                "ArrowUp" if is_plain && is_empty && !is_editing(app) => app.edit_last(),
                _ => false,
            };
        if is_taken {
            event.prevent_default();
        }
    };
    let of_room = room.clone();
    let on_input = move |_| {
        if let Some(area) = area.get_untracked() {
            app.save_composed(&of_room, &area.value());
            grow(&area);
            completions.look(&area);
            left.set(remaining(&area.value()));
        }
        problem.set(None);
        app.typing();
    };
    let of_room = room.clone();
    // The same draft in another tab, unless the two differed before.
    Effect::new(move || {
        let changed = app.other_tab_draft.get();
        if let (Some((of, old, new)), Some(area)) = (changed, area.get_untracked())
            && of == of_room
            && !is_editing(app)
            && area.value() == old
        {
            area.set_value(&new);
            grow(&area);
        }
    });
    follow_composing(app, room.clone(), area);
    Effect::new(move || {
        if let Some(area) = area.get() {
            grow(&area);
            if !is_coarse {
                // With a finger it would raise the keyboard.
                let _ = area.focus();
            }
        }
    });
    let label = move || {
        if app.composing.with(|composing| composing.editing.is_some()) {
            strings::SAVE
        } else {
            strings::SEND
        }
    };
    view! {
        <form
            class="composer"
            on:submit=move |event| {
                event.prevent_default();
                by_button();
            }
        >
            {composing_bar(room)}
            {completions.view()}
            <label class="hidden" for="message-text">{strings::MESSAGE}</label>
            <textarea
                node_ref=area
                id="message-text"
                rows="1"
                dir="auto"
                enterkeyhint=if is_coarse { "enter" } else { "send" }
                placeholder=strings::MESSAGE_HINT
                aria-describedby="message-text-problem message-left"
                aria-autocomplete="list"
                aria-controls="mentions"
                aria-activedescendant=move || completions.active()
                prop:value=text
                on:keydown=on_key
                on:input=on_input
                on:click=move |_| {
                    if let Some(area) = area.get_untracked() {
                        completions.look(&area);
                    }
                }
                on:blur=move |_| completions.close()
            ></textarea>
            <button
                id="message-emoji"
                class="quiet icon"
                type="button"
                aria-label=strings::INSERT_EMOJI
                title=strings::INSERT_EMOJI
                aria-haspopup="dialog"
                on:click=move |event| app.open_sheet(0, SheetKind::Insert, place_of(&event))
            >
                {icon(icons::REACT)}
            </button>
            <button id="message-send" class="main icon" type="submit" aria-label=label>
                {icon(icons::SEND)}
            </button>
            <p id="message-left" class:over=move || left.get() < Some(0)>
                {move || left.get().map(strings::characters_left)}
            </p>
            <p id="message-text-problem" class="problem" role="alert">{move || problem.get()}</p>
        </form>
    }
    .into_any()
}

fn is_editing(app: App) -> bool {
    app.composing
        .with_untracked(|composing| composing.editing.is_some())
}

/// Sends the message or the edit. An edit to nothing offers to delete the message.
fn submit(
    app: App,
    room: &str,
    area: &HtmlTextAreaElement,
    completions: Completions,
) -> Result<(), Problem> {
    let text = area.value();
    let editing = app.composing.with_untracked(|composing| composing.editing);
    match editing {
        Some(seq) if text.trim().is_empty() => {
            app.open_sheet(seq, SheetKind::Delete, (0, 0));
            Ok(())
        }
        Some(seq) => app.send_edit(room, seq, &text),
        None if text.trim().is_empty() => Ok(()),
        None => {
            let chosen = completions.chosen.get_untracked();
            app.send(room, &text, &chosen)?;
            completions.chosen.set(Vec::new());
            completions.close();
            area.set_value("");
            grow(area);
            app.save_draft(room, "");
            Ok(())
        }
    }
}

/// Cancels the edit or the reply. Returns whether there was one.
fn cancel(app: App, room: &str) -> bool {
    let composing = app.composing.get_untracked();
    if composing.editing.is_some() {
        app.end_edit(room);
    } else if composing.reply_to.is_some() {
        app.cancel_reply(room);
    } else {
        return false;
    }
    true
}

/// Shows the text of an edit while there is one, and the draft after it.
fn follow_composing(app: App, room: String, area: NodeRef<html::Textarea>) {
    Effect::new(move |before: Option<crate::state::Composing>| {
        let composing = app.composing.get();
        let (Some(before), Some(area)) = (before, area.get_untracked()) else {
            return composing;
        };
        if before.editing != composing.editing {
            let text = app.composed_text(&room);
            area.set_value(&text);
            grow(&area);
        }
        let has_begun = composing.editing.is_some() || composing.reply_to.is_some();
        if before != composing && has_begun {
            // After the dialog has returned the focus.
            request_animation_frame(move || {
                let _ = area.focus();
            });
        }
        composing
    });
}

/// What the composer is about: a message that is edited or answered.
fn composing_bar(room: String) -> AnyView {
    let app = app();
    let shown = Memo::new(move |_| {
        let composing = app.composing.get();
        if let Some(seq) = composing.editing {
            let text = app.chat.with(|chat| {
                let quote = chat.open_room().and_then(|room| room.quote(seq));
                quote.map(|quote| quote.text).unwrap_or_default()
            });
            return Some((true, strings::EDITING.to_owned(), text));
        }
        let quote = composing.reply_to?;
        let current = app.chat.with(|chat| chat.open_room()?.quote(quote.seq));
        let quote = current.unwrap_or(quote);
        let text = if quote.text.is_empty() {
            strings::DELETED.to_owned()
        } else {
            plain(&quote.text)
        };
        Some((false, strings::replying_to(&quote.from.name), text))
    });
    let bar = move || {
        let (is_edit, title, text) = shown.get()?;
        let of_room = room.clone();
        let cancel = move || {
            cancel(app, &of_room);
        };
        let (sign, label) = if is_edit {
            (icons::EDIT, strings::CANCEL_EDIT)
        } else {
            (icons::REPLY, strings::CANCEL_REPLY)
        };
        let bar = view! {
            <div id="composing" role="status">
                {icon(sign)}
                <span class="titles">
                    <span class="label" dir="auto">{title}</span>
                    <span class="excerpt" dir="auto">{text}</span>
                </span>
                <button
                    id="composing-cancel"
                    class="quiet icon"
                    type="button"
                    aria-label=label
                    on:click=click(cancel)
                >
                    {icon(icons::CLOSE)}
                </button>
            </div>
        };
        Some(bar.into_any())
    };
    view! { {bar} }.into_any()
}

/// The marker that a shortcut puts around the selection.
fn marker_of(event: &leptos::ev::KeyboardEvent) -> Option<&'static str> {
    if !(event.ctrl_key() || event.meta_key()) || event.alt_key() {
        return None;
    }
    match (event.key().as_str(), event.shift_key()) {
        ("b", false) => Some("**"),
        ("i", false) => Some("*"),
        ("e", false) => Some("`"),
        ("X" | "x", true) => Some("~~"),
        _ => None,
    }
}

/// Puts a marker around the selection, or removes it, so that it can be undone.
fn toggle(area: &HtmlTextAreaElement, marker: &str) {
    let start = area.selection_start().ok().flatten().unwrap_or(0);
    let end = area.selection_end().ok().flatten().unwrap_or(start);
    let replacement = toggled(&area.value(), (start, end), marker);
    // Fails only for an element without a selection.
    let (from, to) = replacement.from;
    let _ = area.set_selection_range(from, to);
    if from != to || !replacement.by.is_empty() {
        browser::insert(&replacement.by);
    }
    let (from, to) = replacement.selected;
    let _ = area.set_selection_range(from, to);
}

/// Whether a key belongs to an IME. Safari ends the composition before it reports
/// the Enter that did so; that key has the code 229.
fn is_of_ime(event: &leptos::ev::KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == 229
}

/// Fits the height to the text where the browser does not (`field-sizing`).
fn grow(area: &HtmlTextAreaElement) {
    if browser::supports("field-sizing", "content") {
        return;
    }
    let style = web_sys::HtmlElement::style(area);
    let _ = style.set_property("height", "auto");
    let height =
        area.scroll_height() + web_sys::HtmlElement::offset_height(area) - area.client_height();
    let _ = style.set_property("height", &format!("{height}px"));
}
