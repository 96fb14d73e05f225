//! What was mailed already.

use std::collections::HashSet;

use crate::scratch::{MILLI, NOW, Scratch, at_once};

#[tokio::test]
async fn a_job_is_marked_once_however_often_it_comes() {
    let store = Scratch::new().await;
    at_once(20, async |n| {
        store
            .mark_sent("job", NOW + MILLI * n as u32)
            .await
            .unwrap()
    })
    .await;
    store.mark_sent("job", NOW).await.unwrap();
    let sent = store.already_sent(&["job"]).await.unwrap();
    assert_eq!(sent, HashSet::from(["job".to_owned()]));
}

#[tokio::test]
async fn of_many_jobs_those_that_were_sent_are_returned() {
    let store = Scratch::new().await;
    for job in ["one", "three"] {
        store.mark_sent(job, NOW).await.unwrap();
    }
    let sent = store.already_sent(&["one", "two", "three", "one"]).await;
    let expected = HashSet::from(["one".to_owned(), "three".to_owned()]);
    assert_eq!(sent.unwrap(), expected);
    assert!(store.already_sent(&[]).await.unwrap().is_empty());
}
