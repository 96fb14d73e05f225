//! The members that complete a mention in the composer.

use leptos::html;
use leptos::prelude::*;
use protocol::User;
use web_sys::HtmlTextAreaElement;

use super::avatar;
use super::list::{Item, items};
use crate::app::app;
use crate::state::{Typed, candidates, completed, mention, typed_mention};
use crate::strings;

/// The mention that is being typed, and the chosen ones.
#[derive(Clone, Copy)]
pub struct Mentions {
    area: NodeRef<html::Textarea>,
    offered: RwSignal<Option<Offered>>,
    /// The users whose mentions were completed.
    pub chosen: RwSignal<Vec<User>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Offered {
    typed: Typed,
    users: Vec<User>,
    selected: usize,
}

impl Mentions {
    pub fn of(area: NodeRef<html::Textarea>) -> Self {
        Self {
            area,
            offered: RwSignal::new(None),
            chosen: RwSignal::new(Vec::new()),
        }
    }

    /// The text or the cursor has changed.
    pub fn look(self, area: &HtmlTextAreaElement) {
        let cursor = area.selection_end().ok().flatten().unwrap_or(0);
        let offered = typed_mention(&area.value(), cursor).and_then(|typed| {
            let users = app().chat.with_untracked(|chat| {
                let members = chat.open_room()?.about.members.as_ref()?;
                Some(candidates(members, chat.my_id(), &typed.query))
            })?;
            (!users.is_empty()).then_some(Offered {
                typed,
                users,
                selected: 0,
            })
        });
        if self.offered.with_untracked(|before| *before != offered) {
            self.offered.set(offered);
        }
    }

    pub fn close(self) {
        // A composer that is removed loses the focus, after its signals are gone.
        if self.offered.try_with_untracked(Option::is_some) == Some(true) {
            self.offered.set(None);
        }
    }

    /// Whether a key was for the list.
    pub fn takes_key(self, key: &str) -> bool {
        let Some(mut offered) = self.offered.get_untracked() else {
            return false;
        };
        let count = offered.users.len();
        match key {
            "ArrowDown" => offered.selected = (offered.selected + 1) % count,
            "ArrowUp" => offered.selected = (offered.selected + count - 1) % count,
            "Enter" | "Tab" => {
                self.choose(offered.selected);
                return true;
            }
            "Escape" => {
                self.close();
                return true;
            }
            _ => return false,
        }
        self.offered.set(Some(offered));
        true
    }

    /// The id of the selected option.
    pub fn active(self) -> Option<String> {
        self.offered
            .with(|offered| offered.as_ref().map(|offered| option_id(offered.selected)))
    }

    fn choose(self, index: usize) {
        let (Some(offered), Some(area)) = (self.offered.get_untracked(), self.area.get_untracked())
        else {
            return;
        };
        let Some(user) = offered.users.into_iter().nth(index) else {
            return;
        };
        let (text, cursor) = completed(&area.value(), &offered.typed, &user.name);
        area.set_value(&text);
        let _ = area.set_selection_range(cursor, cursor);
        let _ = area.focus();
        self.chosen.update(|chosen| {
            chosen.retain(|one| one.name != user.name);
            chosen.push(user);
        });
        self.close();
        // The composer stores the draft and grows.
        if let Ok(event) = web_sys::Event::new("input") {
            let _ = area.dispatch_event(&event);
        }
    }

    pub fn view(self) -> AnyView {
        let options = move || {
            let offered = self.offered.get();
            let users = offered.map(|offered| offered.users).unwrap_or_default();
            users
                .into_iter()
                .enumerate()
                .map(|(index, user)| {
                    let key = [&index.to_string(), "/", &user.id].concat();
                    Item::new(key, move || self.option(index, &user))
                })
                .collect()
        };
        view! {
            <ul
                id="mentions"
                role="listbox"
                aria-label=strings::MENTIONS
                hidden=move || self.offered.with(Option::is_none)
            >
                {items(options)}
            </ul>
        }
        .into_any()
    }

    fn option(self, index: usize, user: &User) -> AnyView {
        let is_selected = move || {
            self.offered.with(|offered| {
                offered
                    .as_ref()
                    .is_some_and(|offered| offered.selected == index)
            })
        };
        let hint = (user.id == mention::ROOM)
            .then(|| view! { <span class="hint">{strings::ALL_MEMBERS}</span> });
        view! {
            <li
                id=option_id(index)
                role="option"
                aria-selected=move || if is_selected() { "true" } else { "false" }
                on:pointerdown=move |event| {
                    // The composer keeps the focus.
                    event.prevent_default();
                }
                on:click=move |_| self.choose(index)
            >
                {avatar::avatar(&user.id, &user.name, false)}
                <bdi>{user.name.clone()}</bdi>
                {hint}
            </li>
        }
        .into_any()
    }
}

fn option_id(index: usize) -> String {
    format!("mention-{index}")
}
