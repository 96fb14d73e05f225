//! The notifications of one room.

use queue::jobs::push::{Job, Retry};
use store::devices::{DeviceRow, Recipient, Unannounced};
use tokio::time::Instant;

use crate::App;
use crate::notification::{self, Notice};
use crate::send::{self, Delivery, Tally};

/// Members whose settings are read at once, right before they are notified.
const AT_ONCE: usize = 100;

/// Notifies all members of a room who are to be notified, or repeats the notification of
/// one device.
pub(crate) async fn notify(app: &App, job: &Job, deadline: Instant) -> store::Result<Tally> {
    let (news, only) = match &job.retry {
        None => (app.store.claim_unannounced(&job.room, job.seq).await?, None),
        Some(retry) => {
            let Some(device) = app.store.device(&retry.device).await? else {
                return Ok(Tally::default());
            };
            let news = app.store.announced_again(&job.room, job.seq).await?;
            (news, Some((device.user, retry)))
        }
    };
    let Some(news) = news else {
        return Ok(Tally::default());
    };
    let user = only.as_ref().map(|(user, _)| user.as_str());
    let retry = only.as_ref().map(|(_, retry)| *retry);
    let recipients = app.store.recipients(&job.room, news.newest, user).await?;
    let mut tally = Tally::default();
    for some in recipients.chunks(AT_ONCE) {
        let deliveries = deliveries(app, &news, some, retry).await?;
        tally = tally + send::all(app, deliveries, deadline).await;
    }
    Ok(tally)
}

/// What is sent to the devices of some members.
async fn deliveries(
    app: &App,
    news: &Unannounced,
    recipients: &[Recipient],
    retry: Option<&Retry>,
) -> store::Result<Vec<Delivery>> {
    let Some(last) = news.messages.last() else {
        return Ok(Vec::new());
    };
    let (store, now) = (&app.store, lambda::now());
    let users: Vec<String> = recipients.iter().map(|one| one.user.clone()).collect();
    let (mut devices, quiet, active) = tokio::try_join!(
        store.devices_of_all(&users, now),
        store.quiet_hours(&users),
        // A page in use since then has shown the message.
        store.sessions_active_since(&users, last.at),
    )?;
    let all = devices.values().flatten();
    let sessions: Vec<&str> = all.map(|device| device.session.as_str()).collect();
    let live = store.live_sessions(&sessions, now).await?;
    let mut deliveries = Vec::new();
    for recipient in recipients {
        let Some(devices) = devices.remove(&recipient.user) else {
            store.mark_unreachable(&recipient.user).await?;
            continue;
        };
        if quiet
            .get(&recipient.user)
            .is_some_and(|quiet| notification::is_quiet(quiet, now))
        {
            continue;
        }
        let Some(notice) = Notice::of(news, recipient, now) else {
            continue;
        };
        for device in devices {
            let attempt = match retry {
                None => 0,
                Some(retry) if retry.device == device.id => retry.attempt,
                Some(_) => continue,
            };
            if !live.contains(&device.session) {
                store.remove_device(&device.id, &device.user).await?;
            } else if device.on && !active.contains(&device.session) {
                deliveries.push(delivery(&notice, device, attempt));
            }
        }
    }
    Ok(deliveries)
}

fn delivery(notice: &Notice, device: DeviceRow, attempt: u32) -> Delivery {
    Delivery {
        plaintext: notice.plaintext(device.text),
        room: notice.room.clone(),
        seq: notice.seq,
        urgency: notice.urgency,
        ttl: notice.ttl,
        device,
        attempt,
    }
}
