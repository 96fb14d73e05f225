//! `POST /api/forgot-password`

use auth::{CodeFor, CodeRequest};
use domain::{EmailAddress, Purpose};
use lambda::Result;
use lambda::http::{Request, Response};
use protocol::http::ForgotPassword;
use queue::jobs::mail::Job;

use crate::App;

/// Mails a code to an account's address. For an unknown one a job that mails
/// nothing is published, and the answer is the same.
pub(crate) async fn forgot(app: &App, request: Request) -> Result<Response> {
    let body: ForgotPassword = request.body()?;
    let email = EmailAddress::parse("email", &body.email)?;
    let store = &app.store;
    let subject = match store.account_of(&email).await? {
        Some(account) => CodeFor::Account {
            id: account.id,
            credentials_version: account.credentials_version,
        },
        None => CodeFor::NoAccount(Job::Nothing {}),
    };
    let code_request = CodeRequest {
        purpose: Purpose::Reset,
        email,
        subject,
    };
    let challenge = app
        .auth
        .send_code_unproven(code_request, request.now)
        .await?;
    Ok(Response::accepted(&challenge))
}
