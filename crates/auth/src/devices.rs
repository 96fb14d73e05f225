//! Known devices: browsers that signed in to an account before.
//!
//! A known device has a budget of attempts of its own, so that knowing
//! an email address is not enough to lock its owner out. A sign-in from any other device
//! is unusual, and its owner is notified.

use std::time::Duration;

use crypto::{DeviceToken, Pepper, random};
use env::Variables;
use store::users::Account;

use crate::cookie::Cookie;

/// Accounts that one browser remembers: enough for a family, few enough for a
/// header.
const ACCOUNTS_PER_BROWSER: usize = 5;
/// Browsers keep no cookie for longer than 400 days (RFC 6265bis, 5.5).
const LIFETIME: Duration = Duration::from_hours(400 * 24);
/// Parts two tokens in the cookie; neither contains it.
const SEPARATOR: char = '~';

/// Issues and reads the device cookie.
#[derive(Clone)]
pub struct Devices {
    pepper: Pepper,
    cookie: Cookie,
}

/// A device that is known to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device(DeviceToken);

impl Device {
    /// The key under which wrong passwords of this device are counted.
    pub fn failures_key(&self) -> String {
        format!("device:{}:{}", self.0.account, self.0.device)
    }
}

impl Devices {
    /// Reads `PEPPER` and `SITE_ORIGIN`.
    pub fn from_variables(variables: &mut Variables) -> Self {
        Self {
            pepper: Pepper::from_variables(variables),
            cookie: Cookie::from_variables("device", variables),
        }
    }

    /// The name of the device cookie.
    pub fn cookie_name(&self) -> &str {
        &self.cookie.name
    }

    /// The device behind a cookie, if it is known to the account.
    pub fn find(&self, cookie: Option<&str>, account: &Account) -> Option<Device> {
        tokens(cookie)
            .find_map(|token| {
                DeviceToken::open(
                    token,
                    &account.id,
                    account.credentials_version,
                    &self.pepper,
                )
            })
            .map(Device)
    }

    /// The `Set-Cookie` header that makes the device known to the account, and
    /// keeps the accounts that the browser's cookie holds already.
    pub fn remember(&self, cookie: Option<&str>, account: &Account) -> String {
        let Device(token) = self.find(cookie, account).unwrap_or_else(|| {
            Device(DeviceToken {
                account: account.id.clone(),
                device: random::id(),
            })
        });
        let own = token.seal(account.credentials_version, &self.pepper);
        let others = tokens(cookie)
            .filter(|text| !text.starts_with(&format!("{}.", account.id)))
            .take(ACCOUNTS_PER_BROWSER - 1);
        let value: Vec<&str> = std::iter::once(own.as_str()).chain(others).collect();
        self.cookie
            .set(&value.join(&SEPARATOR.to_string()), LIFETIME)
    }
}

/// The tokens of a cookie. A client may send anything, so no more are read than
/// were ever issued together.
fn tokens(cookie: Option<&str>) -> impl Iterator<Item = &str> {
    cookie
        .unwrap_or_default()
        .split(SEPARATOR)
        .filter(|text| !text.is_empty())
        .take(ACCOUNTS_PER_BROWSER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices() -> Devices {
        let mut variables = Variables::new([
            ("PEPPER".to_owned(), "p".repeat(64)),
            ("PEPPER_IN_USE".to_owned(), "first".to_owned()),
            ("SITE_ORIGIN".to_owned(), "http://localhost:8080".to_owned()),
        ]);
        let devices = Devices::from_variables(&mut variables);
        variables.check().unwrap();
        devices
    }

    fn account(id: &str) -> Account {
        Account::new(
            id.to_owned(),
            format!("{id}@example.org"),
            id.to_owned(),
            String::new(),
            domain::Timestamp::default(),
        )
    }

    fn value_of(header: &str) -> String {
        let (pair, _) = header.split_once(';').unwrap();
        pair.split_once('=').unwrap().1.to_owned()
    }

    #[test]
    fn item_39_a_device_is_known_to_the_accounts_that_signed_in_on_it_and_no_other() {
        let devices = devices();
        let (ann, bob) = (account("ann"), account("bob"));
        let first = value_of(&devices.remember(None, &ann));
        assert_eq!(devices.find(Some(&first), &bob), None);
        let both = value_of(&devices.remember(Some(&first), &bob));
        let found = devices.find(Some(&both), &ann);
        assert!(found.is_some());
        assert!(devices.find(Some(&both), &bob).is_some());
        let again = value_of(&devices.remember(Some(&both), &ann));
        assert_eq!(devices.find(Some(&again), &ann), found);
    }

    #[test]
    fn item_39_new_credentials_forget_every_device() {
        let devices = devices();
        let mut ann = account("ann");
        let cookie = value_of(&devices.remember(None, &ann));
        ann.credentials_version += 1;
        assert_eq!(devices.find(Some(&cookie), &ann), None);
    }

    #[test]
    fn a_browser_remembers_five_accounts() {
        let devices = devices();
        let mut cookie = None;
        for number in 0..7 {
            let account = account(&format!("a{number}"));
            cookie = Some(value_of(&devices.remember(cookie.as_deref(), &account)));
        }
        let known = |id: &str| devices.find(cookie.as_deref(), &account(id)).is_some();
        assert_eq!(["a1", "a2", "a6"].map(known), [false, true, true]);
    }

    #[test]
    fn a_cookie_of_any_text_is_read_in_bounded_time() {
        let devices = devices();
        let hostile = "a.b.c~".repeat(2_000);
        assert_eq!(devices.find(Some(&hostile), &account("ann")), None);
    }
}
