//! What a message shows that changes later: its text, its quote and its reactions.

use std::collections::BTreeMap;

use leptos::prelude::*;
use protocol::{Message, Quote, Reaction};

use super::list::{Item, click, items};
use super::message_menu::place_of;
use crate::app::{App, app};
use crate::browser::{self, encoded};
use crate::signal::SmallSignal;
use crate::state::{
    Block, Content, Deleted, Inline, Mentioned, MessageLine, Part, Rejected, Route, SheetKind,
    Style, has_own_changes, is_emoji, is_long, plain, shown, text_blocks,
};
use crate::strings;

/// The changing part of one drawn message.
#[derive(Clone, Copy)]
pub struct Body {
    content: SmallSignal<Content>,
    reactions: SmallSignal<Vec<Reaction>>,
}

/// The drawn messages by `seq`, which follow the changes of the room.
#[derive(Clone, Copy)]
pub struct Drawn(StoredValue<BTreeMap<i64, Entry>, LocalStorage>);

struct Entry {
    body: Body,
    /// The message as it was last compared, without own changes.
    last: Option<Message>,
}

/// The names of the members of the open room, by id.
type Names = BTreeMap<String, String>;

/// Provides what the messages of the list share, and keeps them current.
pub fn provide_drawn() {
    let app = app();
    let drawn = Drawn(StoredValue::new_local(BTreeMap::new()));
    provide_context(drawn);
    provide_context(Memo::new(move |_| names(app)));
    Effect::new(move || {
        app.chat.with(|_| ());
        drawn.refresh(app);
    });
}

fn names(app: App) -> Names {
    app.chat.with(|chat| {
        let members = chat
            .open_room()
            .and_then(|room| room.about.members.as_ref());
        let members = members.into_iter().flatten();
        members
            .map(|member| (member.user.id.clone(), member.user.name.clone()))
            .collect()
    })
}

/// The name that a user has now, if they are a member; otherwise the one of before.
pub fn current_name(id: String, before: String) -> Memo<String> {
    let names = use_context::<Memo<Names>>();
    Memo::new(move |_| {
        let current = names.and_then(|names| names.with(|names| names.get(&id).cloned()));
        current.unwrap_or_else(|| before.clone())
    })
}

impl Body {
    pub fn of(message: &MessageLine) -> Self {
        Self {
            content: SmallSignal::new((*message.content).clone()),
            reactions: SmallSignal::new(message.reactions.clone()),
        }
    }

    fn set(self, content: Content, reactions: Vec<Reaction>) {
        if self.content.with_untracked(|shown| *shown != content) {
            self.content.set(content);
        }
        if self.reactions.with_untracked(|shown| *shown != reactions) {
            self.reactions.set(reactions);
        }
    }
}

impl Drawn {
    /// Keeps a drawn message current until its view is gone.
    pub fn follow(self, seq: i64, body: Body) {
        self.0.update_value(|drawn| {
            drawn.insert(seq, Entry { body, last: None });
        });
        self.refresh(app());
        on_cleanup(move || {
            let _ = self.0.try_update_value(|drawn| {
                // A block that is drawn again registers before the old one is gone.
                let is_own = |entry: &Entry| entry.body.content.is_same(body.content);
                if drawn.get(&seq).is_some_and(is_own) {
                    drawn.remove(&seq);
                }
            });
        });
    }

    fn refresh(self, app: App) {
        let mut changed = Vec::new();
        app.chat.with_untracked(|chat| {
            let (Some(room), Some(me)) = (chat.open_room(), &chat.me) else {
                return;
            };
            // The effect may run once more after its view is gone.
            let _ = self.0.try_update_value(|drawn| {
                for message in room.log.messages() {
                    let Some(entry) = drawn.get_mut(&message.seq) else {
                        continue;
                    };
                    let is_own = has_own_changes(room, message.seq);
                    if is_own || entry.last.as_ref() != Some(message) {
                        let (content, reactions) = shown(room, message, me);
                        changed.push((entry.body, content, reactions));
                        entry.last = (!is_own).then(|| message.clone());
                    }
                }
            });
        });
        for (body, content, reactions) in changed {
            body.set(content, reactions);
        }
    }
}

/// The bubble of a message and its reactions.
pub fn body(body: Body, seq: Signal<Option<i64>>) -> AnyView {
    let has_reactions = Memo::new(move |_| !body.reactions.with(Vec::is_empty));
    let reactions = move || {
        has_reactions.get().then(|| {
            let chips = move || {
                let emoji = body.reactions.with(|reactions| {
                    let emoji = reactions.iter().map(|reaction| reaction.emoji.clone());
                    emoji.collect::<Vec<_>>()
                });
                let chip = |emoji: String| Item::new(emoji.clone(), move || chip(body, seq, emoji));
                emoji.into_iter().map(chip).collect()
            };
            view! { <div class="reactions">{items(chips)}</div> }.into_any()
        })
    };
    view! {
        {move || body.content.with(|content| bubble(content, seq.get()))}
        {reactions}
    }
    .into_any()
}

fn bubble(content: &Content, seq: Option<i64>) -> AnyView {
    if let Some(deleted) = &content.deleted {
        let text = match deleted {
            Deleted::ByAuthor => strings::DELETED.to_owned(),
            Deleted::By(name) => strings::deleted_by(name),
        };
        return view! { <div class="bubble deleted"><p class="text" dir="auto">{text}</p></div> }
            .into_any();
    }
    let is_plain = content.reply_to.is_none();
    let class = if is_plain && is_emoji(&content.text) {
        "bubble emoji"
    } else {
        "bubble"
    };
    let edited = seq.filter(|_| content.is_edited).map(edited);
    view! {
        <div class=class>
            {content.reply_to.as_ref().map(quote)}
            {text(content)}
            {edited}
        </div>
        {content.rejected.as_ref().map(rejected)}
    }
    .into_any()
}

fn edited(seq: i64) -> AnyView {
    let app = app();
    view! {
        <button
            class="edited"
            type="button"
            aria-label=strings::EDITED_LABEL
            on:click=move |event| {
                app.open_sheet(seq, SheetKind::Versions, place_of(&event));
            }
        >
            {strings::EDITED}
        </button>
    }
    .into_any()
}

/// The quoted message, which leads to it.
fn quote(quote: &Quote) -> AnyView {
    let app = app();
    let room = app
        .chat
        .with_untracked(|chat| chat.current.clone())
        .unwrap_or_default();
    let (seq, name) = (quote.seq, quote.from.name.clone());
    let is_deleted = quote.text.is_empty();
    let text = if is_deleted {
        strings::DELETED.to_owned()
    } else {
        plain(&quote.text)
    };
    let address = Route::message(&room, Some(seq)).address(encoded);
    let open = move |event: leptos::ev::MouseEvent| {
        if !event.ctrl_key() && !event.meta_key() && !event.shift_key() {
            event.prevent_default();
            app.open_message(&room, seq);
        }
    };
    view! {
        <a class="quote" href=address on:click=open>
            <span class="hidden">{strings::IN_REPLY_TO}</span>
            <bdi class="quoted">{name}</bdi>
            <span class:deleted=is_deleted dir="auto">{text}</span>
        </a>
    }
    .into_any()
}

/// The formatted text, which is folded if it is long. All of it is text nodes, never
/// HTML.
fn text(content: &Content) -> AnyView {
    let mentioned = mentioned(content);
    let blocks: Vec<AnyView> = text_blocks(&content.text, &mentioned)
        .into_iter()
        .map(block)
        .collect();
    if !is_long(&content.text) {
        return view! { <div class="text">{blocks}</div> }.into_any();
    }
    let is_folded = RwSignal::new(true);
    let label = move || match is_folded.get() {
        true => strings::UNFOLD,
        false => strings::FOLD,
    };
    view! {
        <div class="text" class:folded=move || is_folded.get()>{blocks}</div>
        <button
            class="quiet fold"
            type="button"
            aria-expanded=move || if is_folded.get() { "false" } else { "true" }
            on:click=click(move || is_folded.update(|is_folded| *is_folded = !*is_folded))
        >
            {label}
        </button>
    }
    .into_any()
}

fn block(block: Block<'_>) -> AnyView {
    match block {
        Block::Paragraph(content) => view! { <p dir="auto">{inlines(content)}</p> }.into_any(),
        Block::Quote(content) => {
            view! { <blockquote dir="auto">{inlines(content)}</blockquote> }.into_any()
        }
        Block::List { first, items } => {
            let items: Vec<AnyView> = items
                .into_iter()
                .map(|item| view! { <li>{inlines(item)}</li> }.into_any())
                .collect();
            match first {
                Some(first) => view! { <ol start=first dir="auto">{items}</ol> }.into_any(),
                None => view! { <ul dir="auto">{items}</ul> }.into_any(),
            }
        }
        Block::Code { language, text } => {
            let to_copy = text.to_owned();
            view! {
                <figure class="code" dir="ltr">
                    <figcaption>
                        <span>{language.to_owned()}</span>
                        <button type="button" on:click=click(move || browser::copy(&to_copy))>
                            {strings::COPY}
                        </button>
                    </figcaption>
                    <pre><code>{text.to_owned()}</code></pre>
                </figure>
            }
            .into_any()
        }
    }
}

fn inlines(content: Vec<Inline<'_>>) -> Vec<AnyView> {
    content.into_iter().map(inline).collect()
}

fn inline(inline: Inline<'_>) -> AnyView {
    match inline {
        Inline::Part(part) => part_of_text(part),
        Inline::Code(code) => view! { <code>{code.to_owned()}</code> }.into_any(),
        Inline::Styled(Style::Bold, content) => {
            view! { <strong>{inlines(content)}</strong> }.into_any()
        }
        Inline::Styled(Style::Italic, content) => view! { <em>{inlines(content)}</em> }.into_any(),
        Inline::Styled(Style::Struck, content) => view! { <s>{inlines(content)}</s> }.into_any(),
        Inline::Break => view! { <br /> }.into_any(),
    }
}

fn part_of_text(part: Part<'_>) -> AnyView {
    match part {
        Part::Text(text) => text.to_owned().into_any(),
        Part::Link { text, prefix } => view! {
            <a
                href=[prefix, text].concat()
                target="_blank"
                rel="noopener noreferrer nofollow"
            >
                {text.to_owned()}
            </a>
        }
        .into_any(),
        Part::Mention { text, is_reader } => view! {
            <span class=if is_reader { "mention me" } else { "mention" }>{text.to_owned()}</span>
        }
        .into_any(),
    }
}

fn mentioned(content: &Content) -> Vec<Mentioned> {
    if content.mentions.is_empty() {
        return Vec::new();
    }
    let me = app().chat.with_untracked(|chat| chat.my_id().to_owned());
    let names = use_context::<Memo<Names>>();
    let name_of = |id: &String| -> Option<Mentioned> {
        let name = match id.strip_prefix('@') {
            Some(name) => name.to_owned(),
            None => names?.with(|names| names.get(id).cloned())?,
        };
        let is_reader = *id == me || id.starts_with('@');
        Some(Mentioned { name, is_reader })
    };
    content.mentions.iter().filter_map(name_of).collect()
}

/// A reaction with its count. A click adds or removes the reader's own.
fn chip(body: Body, seq: Signal<Option<i64>>, emoji: String) -> AnyView {
    let app = app();
    let names = use_context::<Memo<Names>>();
    let of_emoji = emoji.clone();
    let reaction = Memo::new(move |_| {
        body.reactions.with(|reactions| {
            let mut reactions = reactions.iter();
            reactions
                .find(|reaction| reaction.emoji == of_emoji)
                .cloned()
                .unwrap_or_default()
        })
    });
    let label = Memo::new(move |_| {
        let me = app.chat.with_untracked(|chat| chat.my_id().to_owned());
        let name = |id: &String| {
            if *id == me {
                return strings::YOU.to_owned();
            }
            let name = names.and_then(|names| names.with(|names| names.get(id).cloned()));
            name.unwrap_or_else(|| strings::FORMER_MEMBER.to_owned())
        };
        reaction.with(|reaction| {
            let names: Vec<String> = reaction.by.iter().map(name).collect();
            strings::reacted(&names, reaction.count as usize)
        })
    });
    let count = move || reaction.with(|reaction| reaction.count.to_string());
    let to_toggle = emoji.clone();
    let toggle = move || {
        if let Some(seq) = seq.get_untracked() {
            app.toggle_reaction(seq, &to_toggle);
        }
    };
    view! {
        <button
            class="reaction"
            type="button"
            aria-pressed=move || reaction.with(|one| if one.mine { "true" } else { "false" })
            title=move || label.get()
            on:click=click(toggle)
        >
            <span class="sign">{emoji}</span>
            <span>{count}</span>
            <span class="hidden">{move || label.get()}</span>
        </button>
    }
    .into_any()
}

/// An own change that the service rejected.
fn rejected(rejected: &Rejected) -> AnyView {
    let app = app();
    let (to_retry, to_discard) = (rejected.id.clone(), rejected.id.clone());
    view! {
        <span class="problem" role="alert">{rejected.reason.clone()}</span>
        <span class="row">
            <button class="quiet" on:click=click(move || app.retry(&to_retry))>
                {strings::AGAIN}
            </button>
            <button class="quiet" on:click=click(move || app.discard(&to_discard))>
                {strings::DISCARD}
            </button>
        </span>
    }
    .into_any()
}
