//! Attacks on a running stack, and the users who must not be affected by them.
//!
//! While an attack runs, an owner with a known device, an owner without one and a
//! stranger use the service. The attack names the addresses of both owners. Its
//! report has the success rate of their actions, and what the attacker achieved
//! next to the limit for it.

mod bystanders;
mod configuration;
mod frames;
mod report;
mod rooms;
mod sign_in;
mod sources;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join3;
use tokio::sync::watch;

pub use report::{Limit, Report};
pub(crate) use sign_in::expensive_password;

use crate::people::{Client, Person, Visitor};
use crate::stack::Stack;
use crate::suite::panics;
use bystanders::Bystander;

type Running = Pin<Box<dyn Future<Output = Vec<Limit>> + Send>>;

pub struct Attack {
    pub id: &'static str,
    pub name: &'static str,
    start: fn(Arc<Target>) -> Running,
}

macro_rules! attacks {
    ($($id:literal $module:ident::$name:ident,)*) => {
        &[$(Attack {
            id: $id,
            name: stringify!($name),
            start: |target| Box::pin($module::$name(target)),
        }),*]
    };
}

pub const ATTACKS: &[Attack] = attacks![
    "F1a" sign_in::wrong_passwords,
    "F1b" sign_in::requested_codes,
    "F1ab" sign_in::wrong_passwords_and_requested_codes,
    "F2" rooms::unwanted_rooms,
    "F3" sign_in::expensive_passwords,
    "F4" rooms::enumeration_by_invitations,
    "F5" rooms::repeated_invitations,
    "F6" sign_in::sign_in_with_old_password,
    "F7" sources::many_ipv6_networks,
    "F8" rooms::stale_subscription,
    "F9a" frames::presence_flood,
    "F9b" frames::request_flood,
    "F9c" frames::heavy_frames,
    "F10" sources::undeliverable_addresses,
    "F11" sources::cross_site_sign_in,
    "F12" rooms::deceptive_names,
    "F13" sources::shared_source_address,
    "F14" rooms::racing_past_the_room_limit,
    "F15" sources::planted_passkey,
    "F16" configuration::stolen_broker_login,
];

/// What an attack is directed at.
pub struct Target {
    pub stack: Arc<Stack>,
    /// The owners whose addresses the attacker knows, each with an open session.
    pub owners: [Person; 2],
    started: Instant,
    until: Instant,
    in_effect: watch::Sender<bool>,
}

impl Target {
    pub fn continues(&self) -> bool {
        Instant::now() < self.until
    }

    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Reports that the attack has had its effect, so that the bystanders begin.
    pub fn set_in_effect(&self) {
        self.in_effect.send_replace(true);
    }

    /// An attacker at a new source address.
    pub fn attacker(&self) -> Visitor {
        Visitor::new(&self.stack, "Eve")
    }

    /// An attacker at a new source address who names the address of `owner` and does
    /// not know the password.
    pub fn attacker_of(&self, owner: &Visitor) -> Visitor {
        let attacker = self.attacker();
        Visitor {
            email: owner.email.clone(),
            ..attacker
        }
    }

    /// `visitor` at a new source address.
    pub fn moved(&self, visitor: &Visitor) -> Visitor {
        Visitor {
            client: Client::new(&self.stack, self.stack.next_person().1),
            ..visitor.clone()
        }
    }
}

/// The attack with this id.
pub fn by_id(id: &str) -> Option<&'static Attack> {
    ATTACKS
        .iter()
        .find(|attack| attack.id.eq_ignore_ascii_case(id))
}

/// Runs an attack and the bystanders for `duration`. Both finish what they began, so
/// that the shortest run has at least one round of each.
pub async fn run(stack: &Arc<Stack>, attack: &Attack, duration: Duration) -> Report {
    let (known, unknown, stranger) = join3(
        Bystander::with_device(stack),
        Bystander::without_device(stack),
        Bystander::stranger(stack),
    )
    .await;
    let owners = [known.session(), unknown.session()]
        .map(|session| session.cloned().expect("owners have a session"));
    let (in_effect, mut effect) = watch::channel(false);
    let started = Instant::now();
    let until = started + duration;
    let target = Arc::new(Target {
        stack: Arc::clone(stack),
        owners,
        started,
        until,
        in_effect,
    });
    let attack_task = panics::collect("attack", (attack.start)(target));
    let mut attacking = tokio::spawn(attack_task);
    let early = tokio::select! {
        _ = effect.wait_for(|in_effect| *in_effect) => None,
        done = &mut attacking => Some(done),
    };
    let users = join3(known.run(until), unknown.run(until), stranger.run(until)).await;
    let limits = match early {
        Some(done) => done,
        None => attacking.await,
    };
    Report {
        id: attack.id,
        name: attack.name,
        users: [users.0, users.1, users.2],
        limits: limits.map_err(bystanders::panic_message),
    }
}
