//! One account per address.

use domain::PersonName;
use store::members::ActOf;
use store::presence::{FrameCost, Opened};
use store::users::{Account, Created};

use crate::people::{address, member, open};
use crate::scratch::{NOW, Scratch, at_once};

fn account(id: &str, name: &str) -> Account {
    let email = address(name).as_str().to_owned();
    Account::new(id.into(), email, name.into(), "a hash".into(), NOW)
}

#[tokio::test]
async fn of_twenty_accounts_at_once_for_one_address_one_is_made() {
    let store = Scratch::new().await;
    let made = at_once(20, async |n| {
        let account = account(&format!("id{n}"), "Ada");
        store.create_account(&account).await.unwrap()
    })
    .await;
    let winner = made.iter().position(|made| *made == Created::New);
    let winner = format!("id{}", winner.expect("one was made"));
    assert_eq!(made.iter().filter(|made| **made == Created::New).count(), 1);
    let kept = store.account_of(&address("Ada")).await.unwrap();
    assert_eq!(kept.expect("it is kept").id, winner);
}

#[tokio::test]
async fn an_account_is_found_by_its_id_and_by_its_address() {
    let store = Scratch::new().await;
    for name in ["Ada", "Bob", "Cleo"] {
        let account = account(&name.to_lowercase(), name);
        let made = store.create_account(&account).await.unwrap();
        assert_eq!(made, Created::New);
    }
    let ada = store.account("ada").await.unwrap().expect("she is there");
    assert_eq!(
        (ada.name.as_str(), ada.email.as_str()),
        ("Ada", "ada@example.org")
    );
    assert_eq!(ada.created_at.timestamp_millis(), NOW.as_millis());
    let asked = [address("Bob"), address("Carl"), address("Ada")];
    let found = store.accounts_of(&asked).await.unwrap();
    let mut found: Vec<_> = found.into_iter().map(|account| account.id).collect();
    found.sort_unstable();
    assert_eq!(found, ["ada", "bob"]);
    assert!(store.account("carl").await.unwrap().is_none());
    assert!(store.account_of(&address("Carl")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_new_password_is_that_of_one_account() {
    let store = Scratch::new().await;
    for name in ["Ada", "Bob"] {
        let account = account(&name.to_lowercase(), name);
        store.create_account(&account).await.unwrap();
    }
    assert!(
        store
            .set_password("ada", "another hash", false)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .set_password("carl", "a third hash", false)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        store.account("ada").await.unwrap().unwrap().password,
        "another hash"
    );
    assert_eq!(
        store.account("bob").await.unwrap().unwrap().password,
        "a hash"
    );
    assert!(store.account("carl").await.unwrap().is_none());
}

#[tokio::test]
async fn item_44_every_new_password_is_a_new_version_of_the_credentials() {
    let store = Scratch::new().await;
    let ada = account("ada", "Ada");
    store.create_account(&ada).await.unwrap();
    assert!(store.has_credentials_version("ada", 0).await.unwrap());
    let changed = at_once(5, async |n| {
        let hash = format!("hash {n}");
        store.set_password("ada", &hash, false).await.unwrap()
    })
    .await;
    let mut versions: Vec<_> = changed.into_iter().flatten().collect();
    versions.sort_unstable();
    assert_eq!(versions, [1, 2, 3, 4, 5]);
    assert!(!store.has_credentials_version("ada", 4).await.unwrap());
    assert!(store.has_credentials_version("ada", 5).await.unwrap());
    // A stronger hash of the same password is no new password.
    let ada = store.account("ada").await.unwrap().unwrap();
    store.rehash_password(&ada, "rehashed").await.unwrap();
    assert!(store.has_credentials_version("ada", 5).await.unwrap());
}

#[tokio::test]
async fn a_new_name_is_kept_against_an_older_token() {
    let store = Scratch::new().await;
    store.create_account(&account("ada", "Ada")).await.unwrap();
    let row = member("room", "Ada", 0);
    store.add_member(&row, ActOf::Member).await.unwrap();
    let name = PersonName::parse("name", "Adeline").unwrap();
    store.rename("ada", &name, NOW).await.unwrap();
    // A socket that opens with the earlier name.
    assert_eq!(open(&store, "a1", "Ada", "session").await, Opened::Yes);
    let begun = store.begin_frame("a1", true, FrameCost::ONE, NOW).await;
    assert_eq!(begun.unwrap().unwrap().user.name, "Adeline");
    let members = store.members_of("room").await.unwrap();
    assert_eq!(members[0].name, "Adeline");
    assert_eq!(store.account("ada").await.unwrap().unwrap().name, "Adeline");
}
