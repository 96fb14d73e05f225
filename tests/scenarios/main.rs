//! All scenarios, by the stack that they need. `docs/protocol.md` is what they
//! hold the service to.

mod alike;
mod at_rest;
mod closes;
mod codes;
mod crashes;
mod database;
mod dead_letters;
mod deploys;
mod examples;
mod factors;
mod floods;
mod frames;
mod freezes;
mod guesses;
mod handshake;
mod history;
mod large_rooms;
mod mail;
mod many_rooms;
mod messages;
mod observed;
mod outages;
mod page;
mod passkeys;
mod presence;
mod registration;
mod requests;
mod resends;
mod rooms;
mod rotation;
mod schemathesis;
mod sessions;
mod sign_in;
mod soak;
mod viewers;

use std::process::ExitCode;

use e2e::harness::{Suite, run};
use e2e::stack::{Options, Storage};

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
            .together(alike::tests())
            .together(sign_in::tests())
            .together(guesses::tests())
            .together(sessions::tests())
            .together(factors::tests())
            .together(passkeys::tests())
            .together(rooms::tests())
            .together(many_rooms::tests())
            .together(history::tests())
            .together(frames::tests())
            .together(messages::tests())
            .together(presence::tests())
            .together(handshake::tests())
            .together(requests::tests())
            .together(schemathesis::tests())
            .together(viewers::tests())
            .together(examples::tests())
            .together(page::tests())
            .alone(mail::tests())
            .alone(observed::tests())
            .alone(dead_letters::tests())
            .alone(closes::tests())
            .alone(floods::tests())
            .alone(deploys::tests())
            .alone(outages::tests())
            .alone(freezes::tests())
            .alone(soak::tests()),
        durable
            .alone(at_rest::tests())
            .alone(large_rooms::tests())
            .alone(crashes::tests())
            .alone(rotation::tests()),
    ])
}
