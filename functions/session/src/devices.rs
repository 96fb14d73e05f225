//! `GET /api/push`, and the devices that are notified: `GET` and `POST /api/devices`,
//! `PATCH` and `DELETE /api/devices/{id}`.

use auth::Caller;
use domain::limits::{DEVICES_PER_USER, DEVICES_REGISTERED};
use domain::{DeviceName, ValidationError};
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::push::{DeviceResponse, Devices, PushKey, RegisterDevice, UpdateDevice};
use store::devices::{Registered, Registration};

use crate::App;

pub(crate) async fn key(app: &App, request: Request) -> Result<Response> {
    app.caller(&request).await?;
    Ok(Response::ok(&PushKey {
        public_key: app.push_key.clone(),
    }))
}

pub(crate) async fn list(app: &App, request: Request) -> Result<Response> {
    let caller = app.caller(&request).await?;
    let devices = app.store.devices_of(&caller.user.id, request.now).await?;
    let devices = devices.iter().map(|one| one.device(&caller.session));
    Ok(Response::ok(&Devices {
        devices: devices.collect(),
    }))
}

/// Registers the caller's browser. Its push service must be a known one: the service posts
/// to the endpoint.
pub(crate) async fn register(app: &App, request: Request) -> Result<Response> {
    let caller = app.caller(&request).await?;
    let body: RegisterDevice = request.body()?;
    let name = DeviceName::parse("name", &body.name)?;
    if app.push_hosts.endpoint(&body.endpoint).is_none() {
        let text = "The endpoint is not that of a known push service.";
        return Err(ValidationError::new("endpoint", text).into());
    }
    let keys = &body.keys;
    web_push::Keys::parse(&keys.p256dh, &keys.auth).map_err(|part| {
        let text = "This is not a key of a push subscription.";
        ValidationError::new(&format!("keys.{part}"), text)
    })?;
    let Caller { user, session } = &caller;
    let store = &app.store;
    store
        .count(DEVICES_REGISTERED, &user.id, request.now)
        .await?;
    let registration = Registration {
        id: &crypto::random::id(),
        user: &user.id,
        session,
        endpoint: &body.endpoint,
        p256dh: &keys.p256dh,
        auth: &keys.auth,
        name: &name,
    };
    match store.register_device(&registration, request.now).await? {
        Registered::Yes(device) => Ok(Response::created(&DeviceResponse {
            device: device.device(session),
        })),
        Registered::TooMany => {
            let text =
                format!("At most {DEVICES_PER_USER} devices can be notified. Remove one first.");
            Err(ValidationError::new("endpoint", text).into())
        }
    }
}

pub(crate) async fn update(app: &App, request: Request) -> Result<Response> {
    let caller = app.caller(&request).await?;
    let body: UpdateDevice = request.body()?;
    if body.on.is_none() && body.text.is_none() {
        return Err(ValidationError::new("on", "Give on or text.").into());
    }
    let id = request.path("id");
    let device = app.store.update_device(&id, &caller.user.id, &body).await?;
    let device = device.ok_or(ApiError::NotFound)?.device(&caller.session);
    Ok(Response::ok(&DeviceResponse { device }))
}

pub(crate) async fn remove(app: &App, request: Request) -> Result<Response> {
    let caller = app.caller(&request).await?;
    let id = request.path("id");
    match app.store.remove_device(&id, &caller.user.id).await? {
        true => Ok(Response::no_content()),
        false => Err(ApiError::NotFound),
    }
}
