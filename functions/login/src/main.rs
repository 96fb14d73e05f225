//! `POST /api/login`: checks address and password, and mails the code that
//! completes the sign-in.
//!
//! Reads `users`, writes `challenges`, `failures` and `counters`, publishes one
//! job. An unknown address costs the same hash and gets the same answer as a
//! wrong password.

use auth::{Attempt, Auth, CodeFor, CodeRequest, Devices, Services};
use crypto::password;
use domain::limits::DISABLED_WAIT;
use domain::{EmailAddress, Password, Purpose, TooFast};
use env::Variables;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::http::Login;
use store::Store;

struct App {
    store: Store,
    auth: Auth,
    devices: Devices,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let settings = auth::Settings::from_variables(&mut variables);
        let devices = Devices::from_variables(&mut variables);
        variables.check()?;
        let Services { store, auth, .. } = Services::connect(settings).await?;
        Ok(Self {
            store,
            auth,
            devices,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::http::run(App::start, handle).await
}

async fn handle(app: &'static App, request: Request) -> Result<Response> {
    let body: Login = request.body()?;
    let email = EmailAddress::parse("email", &body.email)?;
    let store = &app.store;
    let account = store.account_of(&email).await?;
    let cookie = request.cookie(app.devices.cookie_name());
    let device = account
        .as_ref()
        .and_then(|account| app.devices.find(cookie, account));
    // A known device waits for its own failures only; any other for those of the
    // address and of its source.
    let source = request.source();
    let (source, key) = match &device {
        Some(device) => (None, device.failures_key()),
        None => (Some(&source), email.as_str().to_owned()),
    };
    let attempt = Attempt::begin(store, source, Some(&key), request.now).await?;
    let kept = account.as_ref().map(|account| account.password.clone());
    let presented = Password::presented(&body.password);
    let is_right = password::verify(presented.clone(), kept).await;
    let (true, Some(account)) = (is_right, account) else {
        return Err(ApiError::WrongCredentials);
    };
    attempt.take_back().await?;
    if store.is_disabled(&key).await? {
        let retry_at = request.now + DISABLED_WAIT;
        return Err(TooFast { retry_at }.into());
    }
    if password::is_outdated(&account.password) {
        let hash = password::hash(presented).await;
        store.rehash_password(&account, &hash).await?;
    }

    let code_request = CodeRequest {
        purpose: Purpose::Login,
        email,
        subject: CodeFor::Account {
            id: account.id,
            credentials_version: account.credentials_version,
        },
    };
    let challenge = app.auth.send_code(code_request, request.now).await?;
    Ok(Response::ok(&challenge))
}
