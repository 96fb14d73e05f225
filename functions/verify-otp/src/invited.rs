//! The rooms that an address was invited to before it had an account.

use domain::{EmailAddress, Millis};
use edge::Refusal;
use store::members::MemberRow;
use store::users::Account;
use wire::Role;

use crate::App;

/// Makes a new person a member of every room that awaits them.
pub(crate) async fn join(app: &App, account: &Account, now: Millis) -> Result<(), Refusal> {
    let email = EmailAddress::parse("email", &account.email)?;
    for invitation in app.store.invitations_of(&email).await? {
        let mut member = MemberRow::new(&invitation.room, &account.user(), Role::Member, now);
        if let Some(host) = app.store.direct_host(&invitation.room).await? {
            app.store
                .set_title(&invitation.room, &host.user, &account.name)
                .await?;
            member = member.titled(&host.name);
        }
        app.delivery.admit(&member).await?;
        app.store.withdraw(&invitation.room, &account.email).await?;
    }
    Ok(())
}
