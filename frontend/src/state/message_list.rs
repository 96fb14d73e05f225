//! The message list: messages grouped by sender and day.

use std::time::Duration;

use chat_client::{Delivery, Room, Timestamp};
use protocol::{Change, Message, Reaction};

use super::Content;
use super::room_events::{RoomEvents, event_text};

/// The longest gap within a group.
const GROUP: Duration = Duration::from_mins(5);

#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    Day {
        /// Days since 1970 in the reader's time zone.
        day: i64,
        /// A time on that day.
        at: Timestamp,
    },
    /// The messages below are new.
    New,
    /// A change of the group or of its members.
    Event {
        rev: i64,
        text: String,
        at: Timestamp,
    },
    Message(MessageLine),
}

#[derive(Debug, Clone, PartialEq)]
pub struct MessageLine {
    pub id: String,
    /// `None` until it is acknowledged.
    pub seq: Option<i64>,
    pub author: String,
    pub from: String,
    pub is_mine: bool,
    /// Whether it shows author and time.
    pub begins_group: bool,
    pub content: Box<Content>,
    pub reactions: Vec<Reaction>,
    pub at: Timestamp,
    pub delivery: Delivery,
}

#[derive(Clone, Copy)]
pub struct Reader<'r> {
    pub me: &'r str,
    /// Minutes ahead of UTC at a time.
    pub offset: &'r dyn Fn(Timestamp) -> i64,
    /// The read mark when they opened the room: later messages are new.
    pub mark: Option<i64>,
    pub events: &'r RoomEvents,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    pub from: i64,
    /// `None` for all that follow, including unsent ones.
    pub to: Option<i64>,
}

impl Line {
    /// Equal keys are drawn equally. A message keeps its key when it is
    /// acknowledged, so that it is not drawn again.
    pub fn key(&self) -> String {
        match self {
            Self::Day { day, .. } => ["day/", &day.to_string()].concat(),
            Self::New => "new".to_owned(),
            Self::Event { rev, .. } => ["event/", &rev.to_string()].concat(),
            Self::Message(said) => {
                let group = if said.begins_group { "/1" } else { "/0" };
                [&said.from, "/", &said.id, group].concat()
            }
        }
    }
}

pub fn lines(room: &Room, reader: Reader<'_>, span: Span) -> Vec<Line> {
    let before = room.log.since(span.from - 2).next();
    let mut drawing = Drawing {
        reader,
        today: None,
        group: None,
        lines: Vec::new(),
    };
    if let Some(before) = before.filter(|before| before.seq < span.from) {
        drawing.today = Some(drawing.day(before.at));
        drawing.group = Some((before.from.id.clone(), before.at));
    }
    let mut events = events_of(room, reader.events, span).peekable();
    let messages = room.log.since(span.from - 1);
    for message in messages.take_while(|message| span.to.is_none_or(|to| message.seq <= to)) {
        while let Some(event) = events.next_if(|event| event.at < message.at) {
            drawing.event(event);
        }
        drawing.add(said(message, reader.me), Some(message.seq));
    }
    events.for_each(|event| drawing.event(event));
    if span.to.is_none() {
        for outgoing in room.pending.outgoing() {
            let said = MessageLine {
                id: outgoing.id.clone(),
                seq: None,
                author: String::new(),
                from: reader.me.to_owned(),
                is_mine: true,
                begins_group: true,
                content: Box::new(Content::of_outgoing(outgoing)),
                reactions: Vec::new(),
                at: outgoing.at,
                delivery: outgoing.delivery(),
            };
            drawing.add(said, None);
        }
    }
    drawing.lines
}

/// The events of a span: from its first message up to the next span's. Those before
/// the first message of the room belong to the first span.
pub fn events_of<'e>(
    room: &Room,
    events: &'e RoomEvents,
    span: Span,
) -> impl Iterator<Item = &'e Change> {
    let at = |seq| room.log.since(seq).next().map(|message| message.at);
    let is_first = room.log.message(span.from - 1).is_none() && room.log.older_than().is_none();
    let from = at(span.from - 1).filter(|_| !is_first);
    let to = span.to.and_then(at);
    events.lines().filter(move |event| {
        from.is_none_or(|from| event.at >= from) && to.is_none_or(|to| event.at < to)
    })
}

fn said(message: &Message, me: &str) -> MessageLine {
    MessageLine {
        id: message.id.clone(),
        seq: Some(message.seq),
        author: message.from.name.clone(),
        from: message.from.id.clone(),
        is_mine: message.from.id == me,
        begins_group: true,
        content: Box::new(Content::of(message)),
        reactions: message.reactions.clone(),
        at: message.at,
        delivery: Delivery::Sent,
    }
}

/// Days since 1970, `offset` minutes ahead of UTC.
pub fn day_of(at: Timestamp, offset: i64) -> i64 {
    (at.as_secs() + offset * 60).div_euclid(24 * 60 * 60)
}

struct Drawing<'r> {
    reader: Reader<'r>,
    today: Option<i64>,
    group: Option<(String, Timestamp)>,
    lines: Vec<Line>,
}

impl Drawing<'_> {
    fn day(&self, at: Timestamp) -> i64 {
        day_of(at, (self.reader.offset)(at))
    }

    /// A clock that is behind must not repeat a day.
    fn begin_day(&mut self, day: i64, at: Timestamp) {
        if self.today.is_none_or(|today| day > today) {
            self.lines.push(Line::Day { day, at });
            self.today = Some(day);
            self.group = None;
        }
    }

    fn event(&mut self, event: &Change) {
        self.begin_day(self.day(event.at), event.at);
        self.lines.push(Line::Event {
            rev: event.rev,
            text: event_text(event, self.reader.me),
            at: event.at,
        });
        self.group = None;
    }

    fn add(&mut self, mut said: MessageLine, seq: Option<i64>) {
        // An unsent message has a time of this machine's clock, which may be wrong.
        let day = match (seq, self.today) {
            (None, Some(today)) => today,
            _ => self.day(said.at),
        };
        self.begin_day(day, said.at);
        if seq.is_some() && self.reader.mark.map(|mark| mark + 1) == seq {
            self.lines.push(Line::New);
            self.group = None;
        }
        let continues = self
            .group
            .as_ref()
            .is_some_and(|(from, at)| *from == said.from && said.at.saturating_since(*at) < GROUP);
        said.begins_group = !continues;
        self.group = Some((said.from.clone(), said.at));
        self.lines.push(Line::Message(said));
    }
}

#[cfg(test)]
mod tests {
    use chat_client::Chat;
    use protocol::{ChangeKind, MemberAct, ServerFrame};

    use super::*;
    use crate::state::samples::{at, message, talk, user};

    fn seen(chat: &Chat, offset: i64) -> Vec<Line> {
        stretch(chat, offset, None, Span { from: 1, to: None })
    }

    fn stretch(chat: &Chat, offset: i64, mark: Option<i64>, span: Span) -> Vec<Line> {
        let reader = Reader {
            me: chat.my_id(),
            offset: &|_| offset,
            mark,
            events: &RoomEvents::default(),
        };
        lines(chat.open_room().expect("open"), reader, span)
    }

    fn shape(lines: &[Line]) -> Vec<String> {
        lines
            .iter()
            .map(|line| match line {
                Line::Day { day, .. } => format!("day {day}"),
                Line::New => "new".to_owned(),
                Line::Event { text, .. } => text.clone(),
                Line::Message(said) if said.begins_group => {
                    format!("{}: {}", said.author, said.content.text)
                }
                Line::Message(said) => said.content.text.clone(),
            })
            .collect()
    }

    #[test]
    fn messages_of_one_sender_within_five_minutes_are_one_group() {
        let chat = talk(vec![
            message(1, "bob", 1_000),
            message(2, "bob", 2_000),
            message(3, "ann", 3_000),
            message(4, "ann", 3_000 + 5 * 60_000),
        ]);
        assert_eq!(
            shape(&seen(&chat, 0)),
            [
                "day 0",
                "bob: message 1",
                "message 2",
                "ann: message 3",
                "ann: message 4"
            ]
        );
    }

    #[test]
    fn a_stretch_goes_on_where_the_one_before_it_ends() {
        let said = (1..=5).map(|seq| message(seq, "bob", seq * 1_000));
        let chat = talk(said.collect());
        let span = |from, to| shape(&stretch(&chat, 0, None, Span { from, to }));
        assert_eq!(
            span(1, Some(3)),
            ["day 0", "bob: message 1", "message 2", "message 3"]
        );
        assert_eq!(span(4, None), ["message 4", "message 5"]);
    }

    #[test]
    fn events_are_between_the_messages_of_their_time_and_in_one_span_each() {
        let mut chat = talk(
            (1..=4)
                .map(|seq| message(seq, "bob", seq * 1_000))
                .collect(),
        );
        let mut events = RoomEvents::default();
        for (rev, millis) in [(1, 500), (2, 1_500), (3, 2_500), (4, 9_000)] {
            let user = user("ann");
            let act = MemberAct::Left;
            let change = Change {
                room: "r".into(),
                rev,
                seq: None,
                by: user.clone(),
                at: at(millis),
                kind: ChangeKind::Member { user, act },
            };
            chat.receive(ServerFrame::Change(change), at(9_000));
        }
        let room = chat.open_room().expect("open");
        events.follow(room);
        let reader = Reader {
            me: chat.my_id(),
            offset: &|_| 0,
            mark: None,
            events: &events,
        };
        let span = |from, to| shape(&lines(room, reader, Span { from, to }));
        assert_eq!(
            span(1, Some(2)),
            [
                "day 0",
                "ann left",
                "bob: message 1",
                "ann left",
                "bob: message 2",
                "ann left"
            ]
        );
        assert_eq!(span(3, None), ["message 3", "message 4", "ann left"]);
    }

    #[test]
    fn unread_messages_follow_a_divider() {
        let said = (1..=3).map(|seq| message(seq, "bob", seq * 1_000));
        let chat = talk(said.collect());
        let all = Span { from: 1, to: None };
        assert_eq!(
            shape(&stretch(&chat, 0, Some(2), all)),
            [
                "day 0",
                "bob: message 1",
                "message 2",
                "new",
                "bob: message 3"
            ]
        );
        assert_eq!(shape(&stretch(&chat, 0, Some(3), all)).len(), 4);
    }

    #[test]
    fn a_day_begins_at_midnight_by_the_offset_of_its_own_time() {
        // Summer ends between the two messages, and midnight comes an hour later.
        let midnight = 24 * 60 * 60_000;
        let chat = talk(vec![
            message(1, "bob", midnight - 90 * 60_000),
            message(2, "bob", 2 * midnight - 90 * 60_000),
        ]);
        let reader = Reader {
            me: chat.my_id(),
            offset: &|time| if time < at(midnight) { 120 } else { 60 },
            mark: None,
            events: &RoomEvents::default(),
        };
        let room = chat.open_room().expect("open");
        assert_eq!(
            shape(&lines(room, reader, Span { from: 1, to: None })),
            ["day 1", "bob: message 1", "bob: message 2"]
        );
    }

    #[test]
    fn a_day_begins_at_the_readers_midnight() {
        let evening = 23 * 60 * 60_000;
        let chat = talk(vec![
            message(1, "bob", evening),
            message(2, "bob", evening + 60_000),
        ]);
        assert_eq!(seen(&chat, 0).len(), 3);
        assert_eq!(
            shape(&seen(&chat, 59)),
            ["day 0", "bob: message 1", "day 1", "bob: message 2"]
        );
    }

    #[test]
    fn ones_own_message_keeps_its_key_when_it_gets_its_place() {
        let mut chat = talk(Vec::new());
        chat.send("r", "x".into(), "hi", at(1_000)).expect("a text");
        let before = seen(&chat, 0)[1].key();
        let ack = ServerFrame::Ack {
            id: "x".into(),
            room: "r".into(),
            seq: 1,
            rev: None,
            at: at(1_500),
        };
        chat.receive(ack, at(1_600));
        let after = seen(&chat, 0);
        assert_eq!(after[1].key(), before);
        assert_eq!(after.len(), 2);
    }
}
