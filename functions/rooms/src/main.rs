//! Rooms, their members and their history; invitations to them.
//!
//! Reads and writes `rooms`, `members`, `changes`, `invitations`, `counters` and `rates`;
//! reads `users`, `messages` and `connections`; mails invitations and posts to
//! sockets.

mod create;
mod history;
mod invitations;
mod members;
mod people;
mod show;
mod update;

use auth::{Authenticator, Caller};
use connections::Connections;
use crypto::Verifier;
use domain::text::is_id;
use env::Variables;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use queue::Queue;
use realtime::Realtime;
use store::Store;
use store::members::Membership;
use store::users::Account;

struct App {
    store: Store,
    authenticator: Authenticator,
    queue: Queue,
    realtime: Realtime,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let queue = queue::Settings::from_variables(&mut variables);
        let connections = connections::Settings::from_variables(&mut variables);
        let verifier = Verifier::from_variables(&mut variables);
        variables.check()?;
        let (store, queue) = tokio::join!(Store::connect(store), Queue::connect(queue));
        let store = store?;
        Ok(Self {
            authenticator: Authenticator::new(verifier, store.clone()),
            queue,
            realtime: Realtime::new(store.clone(), Connections::new(connections)?),
            store,
        })
    }

    /// The account of the caller.
    async fn account(&self, caller: &Caller) -> Result<Account> {
        let account = self.store.account(&caller.user.id).await?;
        account.ok_or(ApiError::SignedOut)
    }

    /// The room of the path as the caller sees it.
    async fn membership(&self, request: &Request, caller: &Caller) -> Result<Membership> {
        let room = request.path("room");
        if !is_id(&room) {
            return Err(ApiError::UnknownRoom);
        }
        let membership = self.store.membership(&room, &caller.user.id).await?;
        membership.ok_or(ApiError::UnknownRoom)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::http::run(App::start, handle).await
}

async fn handle(app: &'static App, request: Request) -> Result<Response> {
    let caller = app
        .authenticator
        .caller(request.bearer(), request.now)
        .await?;
    match request.route() {
        "GET /api/rooms" => show::list(app, &request, caller).await,
        "POST /api/rooms" => create::create(app, request, caller).await,
        "GET /api/rooms/{room}" => show::show(app, request, caller).await,
        "PATCH /api/rooms/{room}" => update::room(app, request, caller).await,
        "PATCH /api/rooms/{room}/members/{user}" => update::member(app, request, caller).await,
        "POST /api/rooms/{room}/members" => members::add(app, request, caller).await,
        "DELETE /api/rooms/{room}/members/{user}" => members::remove(app, request, caller).await,
        "DELETE /api/rooms/{room}/invitations/{email}" => {
            invitations::withdraw(app, request, caller).await
        }
        "GET /api/invitations" => invitations::list(app, request, caller).await,
        "POST /api/invitations/{room}" => invitations::accept(app, request, caller).await,
        "DELETE /api/invitations/{room}" => invitations::decline(app, request, caller).await,
        "GET /api/rooms/{room}/messages" => history::page(app, request, caller).await,
        "GET /api/rooms/{room}/messages/{seq}/versions" => {
            history::versions(app, request, caller).await
        }
        "GET /api/rooms/{room}/pins" => history::pins(app, request, caller).await,
        "GET /api/rooms/{room}/changes" => history::changes(app, request, caller).await,
        _ => Err(ApiError::NotFound),
    }
}
