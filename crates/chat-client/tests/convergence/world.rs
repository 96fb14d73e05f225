//! Clients, the service, and a network between them that does what it likes.

use std::collections::BTreeSet;
use std::time::Duration;

use chat_client::protocol::{ClientFrame, ErrorCode, Quote, ServerFrame, User};
use chat_client::{Chat, Effect, Fetch, Text, Timestamp};
use proptest::sample::Index;

use crate::service::Service;

pub const CLIENTS: usize = 3;
pub const ROOMS: usize = 2;

/// Something that happens. `which` is one of those that are on their way, at any
/// place in the queue.
#[derive(Debug, Clone)]
pub enum Step {
    /// A person sends a message.
    Say { who: usize, room: usize },
    /// A person changes a message that they see, as `what` says.
    Change {
        who: usize,
        room: usize,
        which: Index,
        what: usize,
    },
    /// A person answers a message that they see.
    Reply {
        who: usize,
        room: usize,
        which: Index,
    },
    /// A frame arrives at the service, perhaps long after its socket was cut.
    Arrive { who: usize, which: Index },
    /// A frame of the service arrives.
    Receive { who: usize, which: Index },
    /// The same, and it will arrive again.
    HearTwice { who: usize, which: Index },
    /// A frame of the service is lost, as when the function dies.
    Lose { who: usize, which: Index },
    /// A frame arrives at the service and is refused for now.
    Refuse { who: usize, which: Index },
    /// The gateway loses a frame and says so.
    Fault { who: usize, which: Index },
    /// A request is answered.
    Answer { who: usize, which: Index },
    /// A request comes to nothing for now.
    Fail { who: usize, which: Index },
    /// A socket is cut.
    Cut { who: usize },
    /// A socket that is wanted opens.
    Open { who: usize },
    /// A machine wakes up.
    Wake { who: usize },
    /// Time passes.
    Pass { time: Duration },
}

/// One person's client with what is on its way.
struct Person {
    user: User,
    chat: Chat,
    is_wanted: bool,
    is_open: bool,
    to_service: Vec<ClientFrame>,
    to_client: Vec<ServerFrame>,
    requests: Vec<Fetch>,
    said: usize,
    changed: usize,
}

pub struct World {
    service: Service,
    people: Vec<Person>,
    rooms: Vec<String>,
    now: Timestamp,
}

impl World {
    /// Everybody is welcome and has read the empty rooms.
    pub fn new() -> Self {
        let rooms: Vec<String> = (0..ROOMS).map(|number| format!("room-{number}")).collect();
        let mut world = Self {
            service: Service::new(&rooms),
            people: (0..CLIENTS).map(Person::new).collect(),
            rooms,
            now: Timestamp::from_secs(1),
        };
        for who in 0..CLIENTS {
            let effects = world.people[who].chat.connect(world.now);
            world.people[who].take(effects);
        }
        world.let_through(Duration::from_secs(10));
        world
    }

    pub fn take(&mut self, step: Step) {
        match step {
            Step::Say { who, room } => self.say(who, room, None),
            Step::Reply { who, room, which } => {
                let quote = self.seen(who, room, which);
                let quote =
                    quote.and_then(|seq| self.people[who].chat.rooms[&self.rooms[room]].quote(seq));
                self.say(who, room, quote);
            }
            Step::Change {
                who,
                room,
                which,
                what,
            } => {
                if let Some(seq) = self.seen(who, room, which) {
                    self.change(who, room, seq, what);
                }
            }
            Step::Arrive { who, which } => {
                if let Some(frame) = pick(&mut self.people[who].to_service, which) {
                    self.arrive(who, frame);
                }
            }
            Step::Receive { who, which } => {
                if let Some(frame) = pick(&mut self.people[who].to_client, which) {
                    self.people[who].receive(frame, self.now);
                }
            }
            Step::HearTwice { who, which } => {
                if let Some(frame) = pick(&mut self.people[who].to_client, which) {
                    self.people[who].to_client.push(frame.clone());
                    self.people[who].receive(frame, self.now);
                }
            }
            Step::Lose { who, which } => drop(pick(&mut self.people[who].to_client, which)),
            Step::Refuse { who, which } => {
                if let Some(frame) = pick(&mut self.people[who].to_service, which) {
                    self.people[who].refuse(&frame);
                }
            }
            Step::Fault { who, which } => {
                let lost = pick(&mut self.people[who].to_service, which);
                if lost.is_some() && self.people[who].is_open {
                    let text = r#"{"message": "Internal server error"}"#;
                    let effects = self.people[who].chat.receive_text(text, self.now);
                    self.people[who].take(effects);
                }
            }
            Step::Answer { who, which } => self.answer(who, which),
            Step::Fail { who, which } => {
                if let Some(fetch) = pick(&mut self.people[who].requests, which) {
                    self.people[who].chat.fetch_failed(fetch, true, self.now);
                }
            }
            Step::Cut { who } => self.people[who].cut(self.now),
            Step::Open { who } => self.people[who].open(self.now),
            Step::Wake { who } => {
                let effects = self.people[who].chat.woke(self.now);
                self.people[who].take(effects);
            }
            Step::Pass { time } => self.pass(time),
        }
    }

    /// Nothing is lost any more, until nothing is on its way.
    pub fn let_everything_through(&mut self) {
        // A message whose delivery was lost is asked for after four minutes.
        self.let_through(Duration::from_mins(5));
    }

    fn let_through(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            for who in 0..CLIENTS {
                self.people[who].open(self.now);
                self.exchange(who);
            }
            self.pass(Duration::from_secs(2));
        }
    }

    pub fn assert_all_have_the_same(&self) {
        for room in &self.rooms {
            for person in &self.people {
                let log = self.service.log(room, &person.user.id);
                let room = &person.chat.rooms[room];
                let seen: Vec<_> = room.log.messages().cloned().collect();
                assert_eq!(seen, log, "what {} has", person.user.name);
                assert_eq!(room.pending.outgoing().count(), 0, "nothing is on its way");
                assert_eq!(room.changing.outgoing().count(), 0, "nothing is on its way");
            }
        }
        for person in &self.people {
            let mut kept = BTreeSet::new();
            for room in &self.rooms {
                let log = self.service.log(room, "");
                let of_person = log.iter();
                let numbers: Vec<usize> = of_person
                    .filter(|message| message.from == person.user)
                    .map(|message| message.id.parse().expect("a number"))
                    .collect();
                assert!(numbers.is_sorted(), "said in another order: {numbers:?}");
                kept.extend(numbers);
            }
            let said: BTreeSet<usize> = (1..=person.said).collect();
            assert_eq!(kept, said, "what {} said", person.user.name);
        }
    }

    fn say(&mut self, who: usize, room: usize, reply_to: Option<Quote>) {
        let person = &mut self.people[who];
        person.said += 1;
        let content = Text {
            text: format!("message {}", person.said),
            reply_to,
            mentions: Vec::new(),
        };
        let (id, room) = (person.said.to_string(), &self.rooms[room]);
        let said = person.chat.send_content(room, id, content, self.now);
        person.take(said.expect("a good text"));
    }

    /// One of the messages that a person sees.
    fn seen(&self, who: usize, room: usize, which: Index) -> Option<i64> {
        let seen = &self.people[who].chat.rooms[&self.rooms[room]].log;
        let seqs: Vec<i64> = seen.messages().map(|message| message.seq).collect();
        (!seqs.is_empty()).then(|| seqs[which.index(seqs.len())])
    }

    fn change(&mut self, who: usize, room: usize, seq: i64, what: usize) {
        let (room, now) = (&self.rooms[room], self.now);
        let person = &mut self.people[who];
        person.changed += 1;
        let id = format!("change-{}", person.changed);
        let chat = &mut person.chat;
        let changed = match what {
            0..2 => chat.edit(room, seq, id.clone(), &format!("text of {id}"), now),
            2 => chat.delete(room, seq, id, now),
            3 | 4 => chat.react(room, seq, id, ("👍", what == 3), now),
            5 | 6 => chat.react(room, seq, id, ("🎉", what == 5), now),
            _ => chat.pin(room, seq, id, what == 7, now),
        };
        person.take(changed.expect("a good change"));
    }

    fn arrive(&mut self, who: usize, frame: ClientFrame) {
        let reaction = self.service.handle(&self.people[who].user, frame, self.now);
        if let Some(answer) = reaction.answer {
            self.people[who].enqueue(answer);
        }
        for (number, person) in self.people.iter_mut().enumerate() {
            if number != who
                && let Some(frame) = &reaction.to_others
            {
                person.enqueue(frame.clone());
            }
        }
    }

    fn answer(&mut self, who: usize, which: Index) {
        if let Some(fetch) = pick(&mut self.people[who].requests, which) {
            let fetched = self.service.fetch(&fetch, &self.people[who].user.id);
            let effects = self.people[who].chat.fetched(fetched, self.now);
            self.people[who].take(effects);
        }
    }

    fn exchange(&mut self, who: usize) {
        while !self.people[who].to_service.is_empty() {
            let frame = self.people[who].to_service.remove(0);
            self.arrive(who, frame);
        }
        while !self.people[who].to_client.is_empty() {
            let frame = self.people[who].to_client.remove(0);
            self.people[who].receive(frame, self.now);
        }
        while !self.people[who].requests.is_empty() {
            let fetch = self.people[who].requests.remove(0);
            let fetched = self.service.fetch(&fetch, &self.people[who].user.id);
            let effects = self.people[who].chat.fetched(fetched, self.now);
            self.people[who].take(effects);
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        for person in &mut self.people {
            let effects = person.chat.tick(self.now).1;
            person.take(effects);
        }
    }
}

impl Person {
    fn new(number: usize) -> Self {
        let user = User {
            id: format!("id-{number}"),
            name: format!("Person {number}"),
        };
        let mut chat = Chat::of(user.clone());
        chat.follow_all();
        Self {
            user,
            chat,
            is_wanted: false,
            is_open: false,
            to_service: Vec::new(),
            to_client: Vec::new(),
            requests: Vec::new(),
            said: 0,
            changed: 0,
        }
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Connect { .. } => {
                    self.hang_up();
                    self.is_wanted = true;
                }
                Effect::Send(frame) => self.to_service.push(frame),
                Effect::Fetch(fetch) => self.requests.push(fetch),
                Effect::SignedOut => panic!("the session does not end"),
            }
        }
    }

    fn open(&mut self, now: Timestamp) {
        if self.is_wanted && !self.is_open {
            self.is_wanted = false;
            self.is_open = true;
            let effects = self.chat.opened(now);
            self.take(effects);
        }
    }

    fn cut(&mut self, now: Timestamp) {
        if self.is_open {
            self.hang_up();
            let effects = self.chat.closed(now, 0.5);
            self.take(effects);
        }
    }

    /// What was on its way to the client is gone with the socket; what was on
    /// its way to the service may still arrive there.
    fn hang_up(&mut self) {
        self.is_open = false;
        self.to_client.clear();
    }

    fn enqueue(&mut self, frame: ServerFrame) {
        if self.is_open {
            self.to_client.push(frame);
        }
    }

    fn receive(&mut self, frame: ServerFrame, now: Timestamp) {
        let effects = self.chat.receive(frame, now);
        self.take(effects);
    }

    fn refuse(&mut self, frame: &ClientFrame) {
        let id = match frame {
            ClientFrame::Message { id, .. }
            | ClientFrame::Edit { id, .. }
            | ClientFrame::Delete { id, .. }
            | ClientFrame::React { id, .. }
            | ClientFrame::Pin { id, .. } => Some(id.clone()),
            _ => None,
        };
        self.enqueue(ServerFrame::Problem {
            error: ErrorCode::TryAgain,
            message: "Not now.".to_owned(),
            reference: None,
            id,
            field: None,
            retry_at: None,
        });
    }
}

fn pick<T>(queue: &mut Vec<T>, which: Index) -> Option<T> {
    (!queue.is_empty()).then(|| queue.remove(which.index(queue.len())))
}
