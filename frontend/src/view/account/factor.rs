//! The second factor: an authenticator app, and recovery codes for its loss.

use leptos::prelude::*;

use super::{is_busy, of, outcome, problem};
use crate::app::app;
use crate::browser::{self, encoded};
use crate::state::{Change, Section, qr};
use crate::strings;
use crate::view::confirm::confirmed;
use crate::view::field::{FieldOptions, field};
use crate::view::form::on_submit;
use crate::view::list::click;

const CODE: FieldOptions = FieldOptions {
    id: "totp-code",
    label: strings::TOTP_CODE,
    kind: "text",
    autocomplete: "one-time-code",
    hint: "",
};

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Unknown,
    Off,
    SettingUp,
    On,
}

pub fn factor() -> AnyView {
    let stage = of(|account| {
        Some(match (&account.totp, &account.factors) {
            (Some(_), _) => Stage::SettingUp,
            (None, None) => Stage::Unknown,
            (None, Some(_)) if account.has_totp() => Stage::On,
            (None, Some(_)) => Stage::Off,
        })
    });
    view! {
        <section>
            <h2>{strings::SECOND_FACTOR}</h2>
            {move || match stage.get().unwrap_or(Stage::Unknown) {
                Stage::Unknown => view! { <p class="hint">{strings::LOADING}</p> }.into_any(),
                Stage::Off => off(),
                Stage::SettingUp => setting_up(),
                Stage::On => on(),
            }}
            {recovery_codes()}
            {outcome(Section::Totp, "totp-done")}
        </section>
    }
    .into_any()
}

fn off() -> AnyView {
    view! {
        <p>{strings::TOTP_OFF}</p>
        <div class="row">{button("totp-begin", "", strings::SET_UP, Change::BeginTotp)}</div>
    }
    .into_any()
}

fn on() -> AnyView {
    let app = app();
    let left = of(|account| Some(account.factors.as_ref()?.recovery_codes_left));
    let about = move || strings::recovery_codes_left(left.get().unwrap_or(0));
    view! {
        <p>{about}</p>
        <div class="row">
            {button("recovery-new", "", strings::NEW_CODES, Change::NewRecoveryCodes)}
            {confirmed("totp-remove", "quiet danger", strings::TURN_OFF, strings::CONFIRM, move || {
                app.change_factors(Change::RemoveTotp);
            })}
        </div>
    }
    .into_any()
}

fn button(id: &'static str, class: &'static str, label: &'static str, change: Change) -> AnyView {
    let app = app();
    let is_busy = is_busy();
    view! {
        <button
            id=id
            class=class
            type="button"
            disabled=is_busy
            on:click=click(move || app.change_factors(change.clone()))
        >
            {label}
        </button>
    }
    .into_any()
}

fn setting_up() -> AnyView {
    let app = app();
    let begun = app
        .account
        .with_untracked(|account| account.as_ref()?.totp.clone());
    let (secret, uri) = begun
        .map(|begun| (begun.secret, begun.uri))
        .unwrap_or_default();
    let code = RwSignal::new(String::new());
    let send = on_submit(move || app.confirm_totp(&code.get_untracked()));
    let is_busy = is_busy();
    view! {
        <form class="form" on:submit=send novalidate>
            <p>{strings::TOTP_SCAN}</p>
            {picture(&uri)}
            <div>
                <p class="hint">{strings::TOTP_KEY}</p>
                <p id="totp-secret" class="secret">{secret}</p>
            </div>
            <a href=uri>{strings::TOTP_OPEN}</a>
            {field(CODE, code, problem(Section::Totp, Some("code")))}
            <div class="row">
                <button id="totp-confirm" class="main" type="submit" disabled=is_busy>
                    {strings::TURN_ON}
                </button>
                <button type="button" class="quiet" on:click=click(move || app.cancel_change())>
                    {strings::CANCEL}
                </button>
            </div>
        </form>
    }
    .into_any()
}

fn picture(uri: &str) -> Option<AnyView> {
    let picture = qr(uri)?;
    Some(
        view! {
            <svg class="qr" role="img" aria-label=strings::QR_CODE viewBox=picture.view_box>
                <path d=picture.path></path>
            </svg>
        }
        .into_any(),
    )
}

fn recovery_codes() -> AnyView {
    let codes =
        of(|account| (!account.recovery_codes.is_empty()).then(|| account.recovery_codes.clone()));
    let list = move || {
        codes.get().map(|codes| {
            let text = codes.join("\n");
            let file = ["data:text/plain,", &encoded(&text)].concat();
            let items = codes
                .into_iter()
                .map(|code| view! { <li>{code}</li> })
                .collect_view();
            view! {
                <p>{strings::RECOVERY_CODES}</p>
                <ul id="recovery-codes" class="secret recovery">{items}</ul>
                <div class="row">
                    <button
                        id="recovery-copy"
                        type="button"
                        on:click=click(move || browser::copy(&text))
                    >
                        {strings::COPY}
                    </button>
                    <a class="button" href=file download=strings::RECOVERY_FILE>
                        {strings::SAVE_AS_FILE}
                    </a>
                </div>
            }
            .into_any()
        })
    };
    view! { {list} }.into_any()
}
