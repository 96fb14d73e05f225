//! The functions' files, replaced while they run.

use std::collections::BTreeSet;

use crate::support::{Start, eventually, examples, is_alive, pid};
use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::Value;

#[tokio::test]
async fn a_replaced_binary_is_taken_for_new_requests_while_running_ones_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let binary = folder.path().join("echo");
    std::fs::copy(examples().join("echo"), &binary).expect("copied");
    let runner = Start::fixture("http.yaml").binaries(folder.path()).run();
    let before = pid(&runner).await;
    let slow = runner.get("/api/slow?ms=1500");
    let replace = async {
        eventually("the slow request runs", async || {
            let all = runner.processes("EchoFunction").await;
            all.iter().any(|process| process["state"] == "busy")
        })
        .await;
        let new = folder.path().join("echo.new");
        std::fs::copy(examples().join("echo"), &new).expect("copied");
        std::fs::rename(&new, &binary).expect("replaced");
        pid(&runner).await
    };
    let (slow, after) = tokio::join!(slow, replace);
    assert_eq!(slow.status(), StatusCode::OK);
    let slow: Value = serde_json::from_str(&slow.text().await.expect("a body")).expect("JSON");
    assert_eq!(slow["pid"], before);
    assert_ne!(after, before);
    assert_eq!(pid(&runner).await, after);
    eventually("the old process has retired", async || {
        !is_alive(u32::try_from(before).expect("a process id"))
    })
    .await;
}

#[tokio::test]
async fn a_file_that_does_not_start_takes_nothing_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let binary = folder.path().join("echo");
    std::fs::copy(examples().join("echo"), &binary).expect("copied");
    let runner = Start::fixture("http.yaml").binaries(folder.path()).run();
    let before = pid(&runner).await;
    // As a build leaves it that is under way.
    let whole = std::fs::read(examples().join("echo")).expect("read");
    std::fs::remove_file(&binary).expect("removed");
    assert_eq!(pid(&runner).await, before);
    std::fs::write(&binary, &whole[..whole.len() / 2]).expect("written in part");
    for _ in 0..3 {
        assert_eq!(pid(&runner).await, before);
    }
    assert!(
        runner
            .log()
            .contains("function could not start function=EchoFunction")
    );
    std::fs::remove_file(&binary).expect("removed");
    std::fs::copy(examples().join("echo"), &binary).expect("copied");
    let after = pid(&runner).await;
    assert_ne!(after, before);
    eventually("the old process has retired", async || {
        !is_alive(u32::try_from(before).expect("a process id"))
    })
    .await;
}

#[tokio::test]
async fn replacing_a_binary_again_and_again_fails_no_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let binary = folder.path().join("echo");
    std::fs::copy(examples().join("echo"), &binary).expect("copied");
    let runner = Start::fixture("http.yaml").binaries(folder.path()).run();
    let first = pid(&runner).await;
    let clients = join_all((0..4).map(async |_| {
        loop {
            pid(&runner).await;
        }
    }));
    let deploys = async {
        let mut seen = BTreeSet::from([first]);
        for turn in 0..5 {
            let new = folder.path().join(format!("echo.{turn}"));
            std::fs::copy(examples().join("echo"), &new).expect("copied");
            std::fs::rename(&new, &binary).expect("replaced");
            eventually("another process answers", async || {
                seen.insert(pid(&runner).await)
            })
            .await;
        }
    };
    tokio::select! {
        never = clients => unreachable!("{never:?}"),
        () = deploys => {}
    }
    eventually("the first process has retired", async || {
        !is_alive(u32::try_from(first).expect("a process id"))
    })
    .await;
}
