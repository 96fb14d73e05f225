//! `POST /api/forgot-password`

use accounts::{Ask, Sent, Subject};
use domain::mail::Job;
use domain::{EmailAddress, Purpose};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use wire::http::ForgotPassword;

use crate::App;

/// Mails a code to an account's address. For an unknown one a job that mails
/// nothing is published, and the answer is the same.
pub(crate) async fn forgot(app: &App, call: Call) -> Outcome {
    let body: ForgotPassword = call.body()?;
    let email = EmailAddress::parse("email", &body.email)?;
    let subject = match app.store.account_of(&email).await? {
        Some(account) => Subject::Account(account.id),
        None => Subject::Nobody(Job::Nothing {}),
    };
    let ask = Ask {
        purpose: Purpose::Reset,
        email,
        subject,
    };
    match app.codes.send(ask, call.now).await? {
        Sent::Yes(challenge) => Ok(Answer::accepted(&challenge)),
        Sent::TooMany(at) => Err(Refusal::TooFast(at)),
    }
}
