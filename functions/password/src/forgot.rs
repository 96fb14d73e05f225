//! `POST /api/forgot-password`

use accounts::{Ask, Subject};
use domain::limits::FORGOTTEN;
use domain::mail::Job;
use domain::{EmailAddress, Purpose};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::limits::Allowed;
use wire::http::ForgotPassword;

use crate::App;

/// Mails a code to an account's address. For an unknown one a job that mails
/// nothing is published, and the answer is the same.
pub(crate) async fn forgot(app: &App, call: Call) -> Outcome {
    let body: ForgotPassword = call.body()?;
    let email = EmailAddress::parse("email", &body.email)?;
    let store = app.codes.store();
    let source = call.source();
    if let Allowed::Until(at) = store.count(FORGOTTEN, &source, call.now).await? {
        return Err(Refusal::TooFast(at));
    }
    let subject = match store.account_of(&email).await? {
        Some(account) => Subject::Account(account.id),
        None => Subject::Nobody(Job::Nothing {}),
    };
    let ask = Ask {
        purpose: Purpose::Reset,
        email,
        subject,
    };
    let challenge = app.codes.send_unproven(ask, &source, call.now).await?;
    Ok(Answer::accepted(&challenge))
}
