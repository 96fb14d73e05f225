//! The members that complete a mention in the composer, and the emoji that complete a
//! name after `:`.

use leptos::html;
use leptos::prelude::*;
use protocol::User;
use web_sys::HtmlTextAreaElement;

use super::avatar;
use super::list::{Item, items};
use crate::app::app;
use crate::state::{Typed, candidates, completed, completing, mention, typed_emoji, typed_mention};
use crate::strings;

/// What completes the word that is being typed, and the mentions that were completed.
#[derive(Clone, Copy)]
pub struct Completions {
    area: NodeRef<html::Textarea>,
    offered: RwSignal<Option<Offered>>,
    /// The users whose mentions were completed.
    pub chosen: RwSignal<Vec<User>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Offered {
    typed: Typed,
    choices: Vec<Choice>,
    selected: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Choice {
    User(User),
    Emoji { emoji: String, name: String },
}

impl Completions {
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
        let text = area.value();
        let offered = mentions(&text, cursor).or_else(|| emoji(&text, cursor));
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
        let count = offered.choices.len();
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
        let Some(choice) = offered.choices.into_iter().nth(index) else {
            return;
        };
        let by = match &choice {
            Choice::User(user) => ["@", &user.name].concat(),
            Choice::Emoji { emoji, .. } => emoji.clone(),
        };
        let (text, cursor) = completed(&area.value(), &offered.typed, &by);
        area.set_value(&text);
        let _ = area.set_selection_range(cursor, cursor);
        let _ = area.focus();
        match choice {
            Choice::User(user) => self.chosen.update(|chosen| {
                chosen.retain(|one| one.name != user.name);
                chosen.push(user);
            }),
            Choice::Emoji { emoji, .. } => app().use_emoji(&emoji),
        }
        self.close();
        // The composer stores the draft and grows.
        if let Ok(event) = web_sys::Event::new("input") {
            let _ = area.dispatch_event(&event);
        }
    }

    pub fn view(self) -> AnyView {
        let options = move || {
            let offered = self.offered.get();
            let choices = offered.map(|offered| offered.choices).unwrap_or_default();
            choices
                .into_iter()
                .enumerate()
                .map(|(index, choice)| {
                    let key = [&index.to_string(), "/", choice.key()].concat();
                    Item::new(key, move || self.option(index, &choice))
                })
                .collect()
        };
        view! {
            <ul
                id="mentions"
                role="listbox"
                aria-label=strings::COMPLETIONS
                hidden=move || self.offered.with(Option::is_none)
            >
                {items(options)}
            </ul>
        }
        .into_any()
    }

    fn option(self, index: usize, choice: &Choice) -> AnyView {
        let is_selected = move || {
            self.offered.with(|offered| {
                offered
                    .as_ref()
                    .is_some_and(|offered| offered.selected == index)
            })
        };
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
                {choice.view()}
            </li>
        }
        .into_any()
    }
}

impl Choice {
    fn key(&self) -> &str {
        match self {
            Self::User(user) => &user.id,
            Self::Emoji { emoji, .. } => emoji,
        }
    }

    fn view(&self) -> AnyView {
        match self {
            Self::User(user) => {
                let hint = (user.id == mention::ROOM)
                    .then(|| view! { <span class="hint">{strings::ALL_MEMBERS}</span> });
                view! {
                    {avatar::avatar(&user.id, &user.name, false)}
                    <bdi>{user.name.clone()}</bdi>
                    {hint}
                }
                .into_any()
            }
            Self::Emoji { emoji, name } => view! {
                <span class="sign">{emoji.clone()}</span>
                <span>{[":", name, ":"].concat()}</span>
            }
            .into_any(),
        }
    }
}

fn mentions(text: &str, cursor: u32) -> Option<Offered> {
    let typed = typed_mention(text, cursor)?;
    let users = app().chat.with_untracked(|chat| {
        let members = chat.open_room()?.about.members.as_ref()?;
        Some(candidates(members, chat.my_id(), &typed.query))
    })?;
    offered(typed, users.into_iter().map(Choice::User).collect())
}

fn emoji(text: &str, cursor: u32) -> Option<Offered> {
    let typed = typed_emoji(text, cursor)?;
    let found = completing(&typed.query).into_iter();
    let choices = found.map(|(emoji, name)| Choice::Emoji { emoji, name });
    offered(typed, choices.collect())
}

fn offered(typed: Typed, choices: Vec<Choice>) -> Option<Offered> {
    (!choices.is_empty()).then_some(Offered {
        typed,
        choices,
        selected: 0,
    })
}

fn option_id(index: usize) -> String {
    format!("mention-{index}")
}
