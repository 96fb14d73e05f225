//! Rooms: `GET` and `POST /api/rooms`, `GET /api/rooms/{room}` with its members,
//! `POST …/members` and `DELETE …/members/{user}`, and history by
//! `GET …/messages`.
//!
//! Reads and writes `rooms`, `members`, `invitations`; reads `users`, `messages`
//! and `connections`; mails invitations, posts to sockets.

mod create;
mod history;
mod invite;
mod members;
mod show;

use accounts::{Caller, Gate};
use credentials::Verifier;
use delivery::Delivery;
use domain::settings::Variables;
use domain::text::is_id;
use edge::Refusal;
use edge::http::{Call, Outcome};
use outbox::Outbox;
use push::Push;
use store::Store;
use store::rooms::Membership;

struct App {
    store: Store,
    gate: Gate,
    outbox: Outbox,
    delivery: Delivery,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let outbox = outbox::Settings::from_variables(&mut variables);
        let push = push::Settings::from_variables(&mut variables);
        let verifier = Verifier::from_variables(&mut variables);
        variables.check()?;
        let (store, outbox) = tokio::join!(Store::connect(store), Outbox::connect(outbox));
        let store = store?;
        Ok(Self {
            gate: Gate::new(verifier, store.clone()),
            outbox,
            delivery: Delivery::new(store.clone(), Push::new(push)?),
            store,
        })
    }

    /// The room of the path as the caller sees it; for anyone else there is none.
    async fn membership(&self, call: &Call, caller: &Caller) -> Result<Membership, Refusal> {
        let room = call.path("room");
        if !is_id(&room) {
            return Err(Refusal::UnknownRoom);
        }
        let membership = self.store.membership(&room, &caller.user.id).await?;
        membership.ok_or(Refusal::UnknownRoom)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    edge::http::run(App::start, handle).await
}

async fn handle(app: &'static App, call: Call) -> Outcome {
    let caller = app.gate.caller(call.bearer(), call.now).await?;
    let caller = caller.ok_or(Refusal::SignedOut)?;
    match call.route() {
        "GET /api/rooms" => show::list(app, caller).await,
        "POST /api/rooms" => create::create(app, call, caller).await,
        "GET /api/rooms/{room}" => show::show(app, call, caller).await,
        "POST /api/rooms/{room}/members" => members::add(app, call, caller).await,
        "DELETE /api/rooms/{room}/members/{user}" => members::remove(app, call, caller).await,
        "GET /api/rooms/{room}/messages" => history::page(app, call, caller).await,
        _ => Err(Refusal::NotFound),
    }
}
