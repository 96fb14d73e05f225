//! All scenarios, grouped by the stack that they need. They test the service
//! against `docs/protocol.md`.

mod account_protection;
mod attacks;
mod changes;
mod client_address;
mod closing;
mod codes;
mod consent;
mod crashes;
mod database;
mod dead_letters;
mod deploys;
mod encryption_at_rest;
mod enumeration;
mod examples;
mod factors;
mod flooding;
mod frames;
mod freezes;
mod guessing;
mod handshake;
mod history;
mod interleavings;
mod large_rooms;
mod live_rotation;
mod mail;
mod many_rooms;
mod messages;
mod observability;
mod outages;
mod page;
mod passkeys;
mod presence;
mod push;
mod registration;
mod requests;
mod resends;
mod rooms;
mod rotation;
mod schemathesis;
mod sessions;
mod sign_in;
mod soak;

use std::process::ExitCode;

use e2e::stack::{Options, Storage};
use e2e::suite::{Suite, run};

fn main() -> ExitCode {
    let shared = Suite::new(Options {
        name: "shared",
        storage: Storage::BehindProxy,
    });
    let durable = Suite::new(Options {
        name: "durable",
        storage: Storage::Durable,
    });
    run(vec![
        shared
            .together(registration::tests())
            .together(codes::tests())
            .together(resends::tests())
            .together(enumeration::tests())
            .together(sign_in::tests())
            .together(guessing::tests())
            .together(account_protection::tests())
            .together(sessions::tests())
            .together(factors::tests())
            .together(passkeys::tests())
            .together(rooms::tests())
            .together(consent::tests())
            .together(many_rooms::tests())
            .together(history::tests())
            .together(frames::tests())
            .together(messages::tests())
            .together(changes::tests())
            .together(presence::tests())
            .together(push::tests())
            .together(handshake::tests())
            .together(requests::tests())
            .together(schemathesis::tests())
            .together(attacks::tests())
            .together(client_address::tests())
            .together(examples::tests())
            .together(page::tests())
            .alone(interleavings::tests())
            .alone(mail::tests())
            .alone(observability::tests())
            .alone(attacks::serial_tests())
            .alone(dead_letters::tests())
            .alone(closing::tests())
            .alone(flooding::tests())
            .alone(deploys::tests())
            .alone(outages::tests())
            .alone(freezes::tests())
            .alone(soak::tests()),
        durable
            .alone(encryption_at_rest::tests())
            .alone(large_rooms::tests())
            .alone(crashes::tests())
            .alone(rotation::tests())
            .alone(live_rotation::tests()),
    ])
}
