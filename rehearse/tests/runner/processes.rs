//! The functions' processes: warm, several at once, limited, ended, replaced.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{Start, eventually, is_alive, pid, send};
use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test]
async fn a_process_stays_warm_and_takes_the_next_request() {
    let runner = Start::fixture("http.yaml").run();
    let first = pid(&runner).await;
    for _ in 0..20 {
        assert_eq!(pid(&runner).await, first);
    }
}

#[tokio::test]
async fn requests_at_once_have_a_process_each_up_to_the_limit() {
    let runner = Start::fixture("http.yaml")
        .with(&["--concurrency", "4"])
        .run();
    let requests = (0..7).map(|_| runner.get("/api/slow?ms=1500"));
    let mut pids = BTreeSet::new();
    let mut throttled = 0;
    for response in join_all(requests).await {
        match response.status() {
            StatusCode::OK => {
                let text = response.text().await.expect("a body");
                pids.insert(text);
            }
            status => {
                assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
                let text = response.text().await.expect("a body");
                assert_eq!(text, r#"{"message":"Too Many Requests"}"#);
                throttled += 1;
            }
        }
    }
    assert_eq!((pids.len(), throttled), (4, 3));
    assert_eq!(runner.processes("EchoFunction").await.len(), 4);
}

#[tokio::test]
async fn reserved_concurrency_counts_more_than_the_option() {
    let runner = Start::fixture("http.yaml").run();
    let requests = (0..4).map(|_| runner.get("/api/limited/slow?ms=500"));
    let mut answered: Vec<u16> = join_all(requests)
        .await
        .iter()
        .map(|response| response.status().as_u16())
        .collect();
    answered.sort_unstable();
    assert_eq!(answered, [200, 200, 429, 429]);
}

#[tokio::test]
async fn a_function_is_ended_at_its_deadline_and_a_new_process_takes_over() {
    let runner = Start::fixture("http.yaml").run();
    let before = runner.json("/api/limited/pid").await["pid"].as_u64();
    let late = runner.get("/api/limited/slow?ms=30000").await;
    assert_eq!(late.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(runner.log().contains(
        "invocation failed function=\"SlowFunction\" error=Task timed out after 1.00 seconds"
    ));
    let after = runner.json("/api/limited/pid").await["pid"].as_u64();
    assert!(after.is_some() && after != before);
}

#[tokio::test]
async fn a_function_that_is_not_ready_after_10_seconds_is_started_again() {
    let runner = Start::fixture("http.yaml").run();
    let begin = std::time::Instant::now();
    let answer = runner.get("/api/hanging").await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(begin.elapsed() >= Duration::from_secs(10));
    let log = runner.log();
    assert!(
        log.contains("initialisation timed out, running it again"),
        "{log}"
    );
    assert!(log.contains("Task timed out after 1.00 seconds"), "{log}");
    assert!(runner.processes("HangingFunction").await.is_empty());
}

#[tokio::test]
async fn a_killed_process_is_replaced_and_no_request_is_lost() {
    let runner = Start::fixture("http.yaml").run();
    let before = pid(&runner).await;
    let idle = json!({"function": "EchoFunction", "pid": before, "state": "idle"});
    eventually("it is idle", async || {
        runner.processes("EchoFunction").await == [idle.clone()]
    })
    .await;
    send("KILL", u32::try_from(before).expect("a process id"));
    eventually("the killed process has exited", async || {
        runner.processes("EchoFunction").await.is_empty()
    })
    .await;
    assert_ne!(pid(&runner).await, before);
}

#[tokio::test]
async fn a_process_that_ends_in_the_middle_fails_only_its_own_request() {
    let runner = Start::fixture("http.yaml").run();
    let slow = runner.get("/api/slow?ms=1000");
    let exit = runner.get("/api/exit");
    let (slow, exit) = tokio::join!(slow, exit);
    assert_eq!(slow.status(), StatusCode::OK);
    assert_eq!(exit.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(runner.log().contains("Runtime.ExitError"));
}

#[tokio::test]
async fn a_function_has_lambdas_variables_and_the_templates_and_no_others() {
    let runner = Start::fixture("http.yaml").run();
    let variables = runner.json("/api/environment").await;
    let names: Vec<&str> = variables
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        names,
        [
            "API",
            "AWS_ACCESS_KEY_ID",
            "AWS_CA_BUNDLE",
            "AWS_DEFAULT_REGION",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_INITIALIZATION_TYPE",
            "AWS_LAMBDA_LOG_FORMAT",
            "AWS_LAMBDA_LOG_GROUP_NAME",
            "AWS_LAMBDA_LOG_LEVEL",
            "AWS_LAMBDA_LOG_STREAM_NAME",
            "AWS_LAMBDA_RUNTIME_API",
            "AWS_REGION",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_XRAY_CONTEXT_MISSING",
            "GREETING",
            "KIND",
            "LAMBDA_RUNTIME_DIR",
            "LAMBDA_TASK_ROOT",
            "LANG",
            "LD_LIBRARY_PATH",
            "NODE_EXTRA_CA_CERTS",
            "ORIGIN",
            "PATH",
            "PEPPER",
            "REQUESTS_CA_BUNDLE",
            "SSL_CERT_FILE",
            "TZ",
            "USERNAME",
            "WISH",
            "_HANDLER",
            "_X_AMZN_TRACE_ID",
        ]
    );
    let domain = runner.web().trim_start_matches("http://");
    assert_eq!(variables["API"], format!("https://{domain}"));
    assert_eq!(variables["GREETING"], "hello world");
    assert_eq!(variables["ORIGIN"], runner.ready["web"]);
    assert_eq!(variables["AWS_LAMBDA_LOG_LEVEL"], "WARN");
    assert_eq!(variables["PEPPER"].as_str().map(str::len), Some(40));
}

#[tokio::test]
async fn each_process_has_a_tmp_of_its_own_where_the_system_allows_it() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    // A package or a data folder in `/tmp` would be hidden by a private one.
    let written = std::path::Path::new("/tmp/written-by-a-function");
    // A run that shared `/tmp` left it there.
    let _ = std::fs::remove_file(written);
    let is_hidden = [
        folder.path(),
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")),
    ]
    .iter()
    .any(|path| path.starts_with("/tmp"));
    let runner = Start::fixture("http.yaml").data(folder.path()).run();
    let first = runner.json("/api/tmp").await;
    let is_shared = runner.log().contains("functions share /tmp");
    assert!(is_shared || !is_hidden, "the log says why");
    if is_shared {
        return;
    }
    assert_eq!(first, json!([]));
    assert_eq!(
        runner.json("/api/tmp").await,
        json!(["written-by-a-function"])
    );
    assert_eq!(runner.json("/api/limited/tmp").await, json!([]));
    assert!(!written.exists());
}

#[tokio::test]
async fn the_lines_of_a_function_are_on_standard_error_under_its_name() {
    let runner = Start::fixture("http.yaml").run();
    runner.get("/api/log").await;
    eventually("both lines are there", async || {
        let log = runner.log();
        log.contains("EchoFunction | a line on standard output\n")
            && log.contains("EchoFunction | a line on standard error\n")
    })
    .await;
}

#[tokio::test]
async fn every_way_to_stop_the_runner_ends_its_functions() {
    for way in ["TERM", "INT", "KILL", "the end of its input"] {
        let runner = Start::fixture("http.yaml").run();
        let idle = u32::try_from(pid(&runner).await).expect("a process id");
        let busy = runner
            .client
            .get(runner.url("/api/impatient/slow?ms=60000"));
        let busy = tokio::spawn(busy.send());
        let mut running = Vec::new();
        eventually("the slow request runs", async || {
            running = runner.processes("ImpatientFunction").await;
            running.iter().any(|process| process["state"] == "busy")
        })
        .await;
        let busy_pid = running[0]["pid"].as_u64().expect("a process id");
        let busy_pid = u32::try_from(busy_pid).expect("a process id");
        let status = match way {
            "the end of its input" => runner.leave(),
            signal => runner.end(signal).0,
        };
        assert_eq!(status.success(), way != "KILL", "{way}: {status}");
        for pid in [idle, busy_pid] {
            eventually("the function has ended", async || !is_alive(pid)).await;
        }
        drop(busy);
    }
}

#[tokio::test]
async fn a_second_runner_on_the_same_data_folder_is_refused() {
    let runner = Start::fixture("http.yaml").run();
    let data = runner.folder.path().join("data");
    let second = Start::fixture("http.yaml").data(&data).try_run();
    let (status, log) = second.err().expect("refused");
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("another runner uses the data folder"), "{log}");
    // Killed, it leaves nothing behind that would keep the next one out.
    let (_, folder) = runner.end("KILL");
    let next = Start::fixture("http.yaml").again(folder).run();
    assert_eq!(next.get("/api/plain").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn secrets_are_made_once_for_a_data_folder() {
    let runner = Start::fixture("http.yaml").run();
    let first = runner.json("/api/environment").await;
    let (_, folder) = runner.end("TERM");
    let file = std::fs::metadata(folder.path().join("data/secrets.json")).expect("the secrets");
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.permissions());
    assert_eq!(mode & 0o777, 0o600);
    let runner = Start::fixture("http.yaml").again(folder).run();
    let second = runner.json("/api/environment").await;
    assert_eq!(first["PEPPER"], second["PEPPER"]);
    assert_ne!(
        first["AWS_SECRET_ACCESS_KEY"],
        second["AWS_SECRET_ACCESS_KEY"]
    );
    let other = Start::fixture("http.yaml").run();
    assert_ne!(
        other.json("/api/environment").await["PEPPER"],
        first["PEPPER"]
    );
}

/// A request waits for a warm process rather than for a new one to start, and
/// the runner itself adds little to it.
#[tokio::test]
async fn a_warm_invocation_is_quick() {
    let runner = Start::fixture("http.yaml").run();
    pid(&runner).await;
    let begin = std::time::Instant::now();
    for _ in 0..100 {
        pid(&runner).await;
    }
    let each = begin.elapsed() / 100;
    assert!(each < Duration::from_millis(30), "{each:?} each");
}
