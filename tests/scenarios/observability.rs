//! Observability: one log line per invocation, metrics, and a trace from a sign-in
//! to its mail. The tests read the log of the whole stack, so they run serially.

use std::sync::Arc;

use e2e::people::{Person, Visitor};
use e2e::stack::{FunctionLine, Stack};
use e2e::suite::Test;
use e2e::wait::{TIMEOUT, eventually};
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        every_invocation_writes_one_line,
        metrics_use_the_embedded_metric_format,
        a_trace_id_connects_a_sign_in_with_its_mail,
    ]
}

async fn every_invocation_writes_one_line(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann").sign_up().await;
    let from = stack.journal.length();
    ann.client.get("/api/me").await.expect(200);
    let wrong = ann.with_password("nothing that she ever typed");
    wrong.login().await.refused(401, "wrong_credentials");
    let mut socket = ann.online().await;
    socket.ping().await;

    let me = one(&stack, from, "GET /api/me").await;
    assert_eq!(me.function, "SessionFunction");
    assert_eq!(
        (&me.fields["status"], &me.fields["outcome"]),
        (&json!(200), &json!("ok"))
    );
    assert!(
        me.fields["milliseconds"].is_number() && me.fields["cold"].is_boolean(),
        "{me:?}"
    );
    let function = me.fields["function"].as_str().expect("the function's name");
    assert!(function.contains("SessionFunction"), "{function}");
    let login = one(&stack, from, "POST /api/login").await;
    assert_eq!(login.fields["status"], 401);
    assert_eq!(login.fields["outcome"], "wrong_credentials");
    let connected = one(&stack, from, "$connect").await;
    assert_eq!(connected.fields["status"], 200);
    let ping = one(&stack, from, "ping").await;
    assert_eq!(ping.fields["outcome"], "ok");

    let lines = [me, login, connected, ping];
    let traces: Vec<&str> = lines.iter().map(|line| text(line, "trace_id")).collect();
    let requests: Vec<&str> = lines.iter().map(|line| text(line, "request_id")).collect();
    for ids in [traces, requests] {
        let several = ids.iter().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(several.len(), lines.len(), "each has its own: {ids:?}");
    }
}

async fn metrics_use_the_embedded_metric_format(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    let from = stack.journal.length();
    a.say(&room, "one").await;
    b.receive_text(&room, "one").await;
    let message = one(&stack, from, "message").await;
    is_a_metric_document(&message.fields);
    assert_eq!(message.fields["MessagesStored"], 1);
    assert_eq!(message.fields["Deliveries"], 2, "the ack and Bob's");

    let wrong = ann.with_password("nothing that she ever typed");
    wrong.login().await.refused(401, "wrong_credentials");
    let refused = one(&stack, from, "POST /api/login").await;
    is_a_metric_document(&refused.fields);
    assert_eq!(refused.fields["SignInsRefused"], 1);

    for line in stack.journal.of_functions(0) {
        if line.fields.get("_aws").is_some() {
            is_a_metric_document(&line.fields);
        }
    }
}

async fn a_trace_id_connects_a_sign_in_with_its_mail(stack: Arc<Stack>) {
    let visitor = Visitor::new(&stack, "Ann");
    let before = stack.journal.length();
    visitor.sign_up().await;
    // A function logs its invocation after it has responded.
    one(&stack, before, "POST /api/verify-otp").await;
    let from = stack.journal.length();
    let challenge = visitor.login().await.expect(200).text("/challenge");
    let code = visitor.code().await;
    visitor.verify(&challenge, &code).await.expect(200);

    let login = one(&stack, from, "POST /api/login").await;
    assert_eq!(login.fields["CodesQueued"], 1);
    let trace = &login.fields["trace_id"];
    let settled = eventually("the mail's line", TIMEOUT, || async {
        let lines = stack.journal.of_functions(from);
        lines
            .into_iter()
            .find(|line| line.fields["origin_trace_id"] == *trace)
    })
    .await;
    assert_eq!(settled.function, "MailConsumerFunction");
    assert_eq!(settled.fields["message"], "job settled");
    assert_eq!(
        (&settled.fields["kind"], &settled.fields["disposition"]),
        (&json!("send_otp"), &json!("sent"))
    );
    let batch = eventually("the batch's line", TIMEOUT, || async {
        let lines = stack.journal.of_functions(from);
        lines.into_iter().find(|line| {
            line.fields["message"] == "invocation"
                && line.fields["request_id"] == settled.fields["request_id"]
        })
    })
    .await;
    assert!(batch.fields["MailsSent"].as_u64() >= Some(1), "{batch:?}");
    let verified = one(&stack, from, "POST /api/verify-otp").await;
    assert_eq!(verified.fields["SignIns"], 1);
}

/// The only invocation for `event` after the first `from` lines.
async fn one(stack: &Arc<Stack>, from: usize, event: &str) -> FunctionLine {
    let found = eventually(event, TIMEOUT, || async {
        let lines = stack.journal.of_functions(from);
        let found: Vec<_> = lines
            .into_iter()
            .filter(|line| line.fields["message"] == "invocation" && line.fields["event"] == event)
            .collect();
        (!found.is_empty()).then_some(found)
    })
    .await;
    assert_eq!(found.len(), 1, "{event}: {found:#?}");
    found.into_iter().next().expect("there is one")
}

fn text<'l>(line: &'l FunctionLine, field: &str) -> &'l str {
    let text = line.fields[field].as_str();
    text.unwrap_or_else(|| panic!("{line:?} has no {field}"))
}

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
fn is_a_metric_document(fields: &Value) {
    let aws = &fields["_aws"];
    assert!(aws["Timestamp"].is_u64(), "{fields}");
    let directives = aws["CloudWatchMetrics"].as_array().expect("directives");
    assert!(!directives.is_empty(), "{fields}");
    for directive in directives {
        assert_eq!(directive["Namespace"], "Banter", "{fields}");
        let sets = directive["Dimensions"].as_array().expect("dimension sets");
        for name in sets.iter().flat_map(|set| set.as_array().expect("a set")) {
            let name = name.as_str().expect("a dimension's name");
            assert!(
                fields[name].as_str().is_some_and(|value| !value.is_empty()),
                "{fields}"
            );
        }
        for metric in directive["Metrics"].as_array().expect("metrics") {
            let name = metric["Name"].as_str().expect("a metric's name");
            assert!(fields[name].as_u64() > Some(0), "{name} of {fields}");
            let unit = metric["Unit"].as_str();
            assert!(matches!(unit, Some("Count" | "Milliseconds")), "{fields}");
        }
    }
}
