//! `/_local/websocket`: shortens the gateway's patience, and makes it forget
//! `$disconnect`, so that tests need not wait for two hours or for bad luck.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::Gateway;

/// What may be changed; what is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    drop_disconnect_events: Option<bool>,
    /// For connections that open from now on.
    idle_ms: Option<u64>,
    /// For connections that open from now on.
    age_ms: Option<u64>,
}

/// How things stand.
#[derive(Serialize)]
pub struct Standing {
    connections: usize,
    drop_disconnect_events: bool,
    idle_ms: u128,
    age_ms: u128,
}

/// `PUT`: changes the settings and returns them.
pub async fn change(
    State(gateway): State<Arc<Gateway>>,
    Json(change): Json<Change>,
) -> Json<Standing> {
    if let Some(drop) = change.drop_disconnect_events {
        gateway
            .drops_disconnect_events
            .store(drop, Ordering::Relaxed);
    }
    if let Some(idle_ms) = change.idle_ms {
        gateway.limits.set_idle(idle_ms);
    }
    if let Some(age_ms) = change.age_ms {
        gateway.limits.set_age(age_ms);
    }
    show(State(gateway)).await
}

/// `GET`: returns the settings.
pub async fn show(State(gateway): State<Arc<Gateway>>) -> Json<Standing> {
    Json(Standing {
        connections: gateway.registry.len(),
        drop_disconnect_events: gateway.drops_disconnect_events.load(Ordering::Relaxed),
        idle_ms: gateway.limits.idle().as_millis(),
        age_ms: gateway.limits.age().as_millis(),
    })
}
