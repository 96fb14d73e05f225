//! Second factors: each code once, and no short password left alone.

use domain::limits::PASSKEYS_PER_USER;
use futures_util::TryStreamExt;
use store::Store;
use store::users::{Account, Added, Outdated, Passkey, Removed, Totp};

use crate::people::address;
use crate::scratch::{NOW, Scratch, at_once};

fn totp(step: i64) -> Totp {
    Totp::new("key-1".into(), vec![1, 2, 3], step, NOW)
}

fn passkey(id: &str) -> Passkey {
    Passkey {
        id: id.into(),
        credential: format!("credential of {id}"),
        key: "a key".into(),
        counter: 0,
        name: "A telephone".into(),
        created_at: NOW,
        used_at: None,
    }
}

async fn with_people(names: &[&str]) -> Scratch {
    let store = Scratch::new().await;
    for name in names {
        let email = address(name).as_str().to_owned();
        let id = name.to_lowercase();
        let account = Account::new(id, email, (*name).into(), "a hash".into(), NOW);
        store.create_account(&account).await.unwrap();
    }
    store
}

async fn outdated(store: &Store, key: &str) -> Vec<Outdated> {
    let found = store.outdated_totps(key).await.unwrap();
    found.try_collect().await.unwrap()
}

async fn account(store: &Store, id: &str) -> Account {
    store.account(id).await.unwrap().expect("it was made")
}

#[tokio::test]
async fn item_15_of_twenty_at_once_one_takes_the_code_of_a_step() {
    let store = with_people(&["Ada"]).await;
    assert!(!store.take_totp_step("ada", 8).await.unwrap(), "it is off");
    assert!(store.turn_totp_on("ada", &totp(7), vec![]).await.unwrap());
    assert!(!store.take_totp_step("ada", 7).await.unwrap());
    let taken = at_once(20, async |_| store.take_totp_step("ada", 8).await.unwrap()).await;
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
    assert!(!store.take_totp_step("ada", 7).await.unwrap());
    assert!(store.take_totp_step("ada", 9).await.unwrap());
}

#[tokio::test]
async fn item_15_of_twenty_at_once_one_takes_a_recovery_code() {
    let store = with_people(&["Ada", "Bob"]).await;
    let codes = vec![vec![1; 32], vec![2; 32]];
    for user in ["ada", "bob"] {
        let on = store.turn_totp_on(user, &totp(7), codes.clone()).await;
        assert!(on.unwrap());
    }
    let taken = at_once(20, async |_| {
        let code = vec![1; 32];
        store.take_recovery_code("ada", code).await.unwrap()
    })
    .await;
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
    assert_eq!(account(&store, "ada").await.recovery_codes_left(), 1);
    assert_eq!(account(&store, "bob").await.recovery_codes_left(), 2);
    let renewed = store.replace_recovery_codes("ada", vec![vec![3; 32]]).await;
    assert!(renewed.unwrap());
    assert!(!store.take_recovery_code("ada", vec![2; 32]).await.unwrap());
    assert!(store.take_recovery_code("ada", vec![3; 32]).await.unwrap());
}

#[tokio::test]
async fn totp_is_turned_on_once_and_off_with_its_recovery_codes() {
    let store = with_people(&["Ada"]).await;
    let on = at_once(20, async |_| {
        let codes = vec![vec![1; 32]];
        store.turn_totp_on("ada", &totp(7), codes).await.unwrap()
    })
    .await;
    assert_eq!(on.iter().filter(|on| **on).count(), 1);
    assert_eq!(store.turn_totp_off("ada").await.unwrap(), Removed::Yes);
    let off = account(&store, "ada").await;
    assert!(off.totp.is_none() && off.recovery_codes_left() == 0 && !off.has_factor());
    assert_eq!(store.turn_totp_off("ada").await.unwrap(), Removed::NotThere);
    assert!(!store.replace_recovery_codes("ada", vec![]).await.unwrap());
}

#[tokio::test]
async fn item_19_a_short_password_is_taken_only_with_a_second_factor() {
    let store = with_people(&["Ada", "Bob"]).await;
    assert!(
        store
            .set_password("ada", "short", true)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(account(&store, "ada").await.password, "a hash");
    store.turn_totp_on("ada", &totp(7), vec![]).await.unwrap();
    assert!(
        store
            .set_password("ada", "short", true)
            .await
            .unwrap()
            .is_some()
    );
    let added = store.add_passkey("bob", &passkey("b")).await;
    assert_eq!(added.unwrap(), Added::Yes);
    assert!(
        store
            .set_password("bob", "short", true)
            .await
            .unwrap()
            .is_some()
    );
    assert!(account(&store, "bob").await.password_is_short);
}

#[tokio::test]
async fn item_19_two_removals_at_once_leave_no_short_password_alone() {
    for _ in 0..20 {
        let store = with_people(&["Ada"]).await;
        store.turn_totp_on("ada", &totp(7), vec![]).await.unwrap();
        store.add_passkey("ada", &passkey("a")).await.unwrap();
        assert!(
            store
                .set_password("ada", "short", true)
                .await
                .unwrap()
                .is_some()
        );
        let (one, other) =
            tokio::join!(store.turn_totp_off("ada"), store.remove_passkey("ada", "a"));
        let mut removed = [one.unwrap(), other.unwrap()];
        removed.sort_by_key(|removed| *removed != Removed::Yes);
        assert_eq!(removed, [Removed::Yes, Removed::NeedsLongerPassword]);
        assert!(
            store
                .set_password("ada", "a long one", false)
                .await
                .unwrap()
                .is_some()
        );
        let last = match account(&store, "ada").await.totp {
            Some(_) => store.turn_totp_off("ada").await,
            None => store.remove_passkey("ada", "a").await,
        };
        assert_eq!(last.unwrap(), Removed::Yes);
    }
}

#[tokio::test]
async fn a_rehash_does_not_bring_an_old_password_back() {
    let store = with_people(&["Ada"]).await;
    let seen = account(&store, "ada").await;
    store.set_password("ada", "a new one", false).await.unwrap();
    store.rehash_password(&seen, "the old one").await.unwrap();
    assert_eq!(account(&store, "ada").await.password, "a new one");
    let seen = account(&store, "ada").await;
    store.rehash_password(&seen, "stronger").await.unwrap();
    assert_eq!(account(&store, "ada").await.password, "stronger");
}

#[tokio::test]
async fn a_passkey_is_one_account_s_and_found_by_its_credential() {
    let store = with_people(&["Ada", "Bob"]).await;
    let added = at_once(10, async |n| {
        let user = ["ada", "bob"][n % 2];
        store.add_passkey(user, &passkey("a")).await.unwrap()
    })
    .await;
    let yes = added.iter().filter(|added| **added == Added::Yes).count();
    assert_eq!(yes, 1, "{added:?}");
    assert!(!added.contains(&Added::TooMany));
    let credential = passkey("a").credential;
    let owner = store.account_with(&credential).await.unwrap();
    assert_eq!(owner.expect("it has an owner").passkeys.len(), 1);
    assert!(store.account_with("another").await.unwrap().is_none());
}

#[tokio::test]
async fn one_person_has_twenty_passkeys_at_most() {
    let store = with_people(&["Ada"]).await;
    let added = at_once(PASSKEYS_PER_USER + 5, async |n| {
        let passkey = passkey(&n.to_string());
        store.add_passkey("ada", &passkey).await.unwrap()
    })
    .await;
    let yes = added.iter().filter(|added| **added == Added::Yes).count();
    assert_eq!(yes, PASSKEYS_PER_USER, "{added:?}");
    assert_eq!(account(&store, "ada").await.passkeys.len(), yes);
}

#[tokio::test]
async fn of_twenty_uses_at_once_with_one_counter_one_counts() {
    let store = with_people(&["Ada"]).await;
    for id in ["a", "b"] {
        store.add_passkey("ada", &passkey(id)).await.unwrap();
    }
    let mut used = passkey("b");
    used.used_at = Some(NOW);
    for _ in 0..2 {
        assert!(
            store.use_passkey("ada", &used).await.unwrap(),
            "it does not count"
        );
    }
    used.counter = 5;
    let uses = at_once(20, async |_| store.use_passkey("ada", &used).await.unwrap()).await;
    assert_eq!(uses.iter().filter(|used| **used).count(), 1);
    used.counter = 4;
    assert!(!store.use_passkey("ada", &used).await.unwrap());
    let kept = account(&store, "ada").await.passkeys;
    assert_eq!((kept[0].counter, kept[0].used_at), (0, None));
    assert_eq!((kept[1].counter, kept[1].used_at), (5, Some(NOW)));
}

#[tokio::test]
async fn item_24_secrets_under_a_key_of_before_are_found_and_sealed_again() {
    let store = with_people(&["Ada", "Bob", "Cleo"]).await;
    for user in ["ada", "bob"] {
        store.turn_totp_on(user, &totp(7), vec![]).await.unwrap();
    }
    assert!(outdated(&store, "key-1").await.is_empty());
    let of_before = outdated(&store, "key-2").await;
    assert_eq!(of_before.len(), 2);
    for one in &of_before {
        assert_eq!(one.totp.sealed(), [1, 2, 3]);
        store.reseal_totp(one, "key-2", vec![9]).await.unwrap();
        // The second time there is nothing left to replace.
        store.reseal_totp(one, "key-3", vec![8]).await.unwrap();
    }
    assert!(outdated(&store, "key-2").await.is_empty());
    let ada = account(&store, "ada").await.totp.expect("it is on");
    assert_eq!((ada.sealed(), ada.step), (&[9][..], 7));
}
