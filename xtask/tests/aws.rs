//! `rotate` and `preflight` against moto, which answers for AWS.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// moto imports a part of Python for each of AWS's services.
const START: Duration = Duration::from_secs(60);

/// A moto server, and the AWS CLI for it.
struct Moto {
    server: Child,
    port: u16,
    programs: PathBuf,
}

impl Moto {
    fn start() -> Self {
        let programs = PathBuf::from(env::var_os("BANTER_AWS").expect("BANTER_AWS is set"));
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = free.local_addr().expect("it has one").port();
        drop(free);
        let server = Command::new(programs.join("moto_server"))
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto starts");
        let moto = Self {
            server,
            port,
            programs,
        };
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(begun.elapsed() < START, "moto does not listen");
            thread::yield_now();
        }
        moto
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::split_paths(&path);
        let path = env::join_paths([self.programs.clone()].into_iter().chain(path));
        let mut command = Command::new(program);
        command
            .env("PATH", path.expect("no folder has a colon"))
            .env(
                "AWS_ENDPOINT_URL",
                format!("http://127.0.0.1:{}", self.port),
            )
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_DEFAULT_REGION", "eu-central-1")
            .env("AWS_PAGER", "")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env_remove("MONGODB_URI")
            .env_remove("MAIL_FROM");
        command
    }

    /// `aws ARGUMENTS`, which must succeed.
    fn aws(&self, arguments: &[&str]) -> Value {
        let output = self.command("aws").args(arguments).output();
        let output = output.expect("aws starts");
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            errors(&output)
        );
        let text = String::from_utf8(output.stdout).expect("text");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    fn xtask(&self, arguments: &[&str]) -> Output {
        let mut xtask = self.command(env!("CARGO_BIN_EXE_xtask"));
        xtask.args(arguments).output().expect("xtask starts")
    }

    /// A secret with this text. Returns its ARN.
    fn secret(&self, name: &str, text: &str) -> String {
        let create = ["secretsmanager", "create-secret", "--name", name];
        let created = self.aws(&[&create[..], &["--secret-string", text]].concat());
        created["ARN"].as_str().expect("it has one").to_owned()
    }

    fn text(&self, arn: &str) -> String {
        let got = self.aws(&["secretsmanager", "get-secret-value", "--secret-id", arn]);
        got["SecretString"].as_str().expect("it has one").to_owned()
    }

    /// A stack with the parameters of a rotation and with secrets as outputs.
    fn stack(&self, name: &str, secrets: &[(&str, &str)]) {
        let outputs: serde_json::Map<String, Value> = secrets
            .iter()
            .map(|(id, arn)| (format!("{id}Arn"), json!({ "Value": arn })))
            .collect();
        let template = json!({
            "Parameters": {
                "PepperInUse": { "Type": "String", "Default": "first" },
                "SigningSecretInUse": { "Type": "String", "Default": "first" },
                "SecretsEpoch": { "Type": "Number", "Default": 1 },
                "LogDays": { "Type": "Number", "Default": 30 },
            },
            "Resources": {
                "Topic": {
                    "Type": "AWS::SNS::Topic",
                    "Properties": { "DisplayName": { "Ref": "SecretsEpoch" } },
                },
            },
            "Outputs": outputs,
        });
        let create = ["cloudformation", "create-stack", "--stack-name", name];
        // moto keeps the previous value of a parameter only if it was given.
        let parameters = [
            "--parameters",
            "ParameterKey=LogDays,ParameterValue=7",
            "ParameterKey=PepperInUse,ParameterValue=first",
            "ParameterKey=SigningSecretInUse,ParameterValue=first",
            "ParameterKey=SecretsEpoch,ParameterValue=1",
        ];
        let body = template.to_string();
        self.aws(&[&create[..], &["--template-body", &body], &parameters].concat());
    }

    fn parameter(&self, stack: &str, name: &str) -> String {
        let described = self.aws(&["cloudformation", "describe-stacks", "--stack-name", stack]);
        let all = described["Stacks"][0]["Parameters"].as_array().cloned();
        let all = all.expect("it has parameters");
        let found = all.iter().find(|one| one["ParameterKey"] == name);
        let value = found.and_then(|one| one["ParameterValue"].as_str());
        value.expect("it has a value").to_owned()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.server.kill().expect("it runs");
        self.server.wait().expect("it is ours");
    }
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn succeeded(output: &Output) {
    let text = printed(output) + &errors(output);
    assert!(output.status.success(), "{text}");
}

#[test]
#[ignore = "needs moto: executed by `cargo xtask test`, which sets BANTER_AWS"]
fn secrets_are_rotated_and_other_parameters_keep_their_values() {
    let moto = Moto::start();
    let old = "a".repeat(64) + &"b".repeat(64);
    let login = |role: &str| format!(r#"{{"username":"{role}-1","password":"old"}}"#);
    let pepper = moto.secret("pepper", &old);
    let viewer = moto.secret("viewer", &old);
    let publisher = moto.secret("publisher", &login("publisher"));
    let consumer = moto.secret("consumer", &login("consumer"));
    moto.stack(
        "tea",
        &[
            ("PepperSecret", &pepper),
            ("ViewerSecret", &viewer),
            ("PublisherSecret", &publisher),
            ("ConsumerSecret", &consumer),
        ],
    );

    let shown = moto.xtask(&["rotate", "pepper", "--stack", "tea"]);
    succeeded(&shown);
    assert_eq!(moto.text(&pepper), old, "nothing was run");
    // What is printed is what a shell runs.
    let mut shell = moto.command("bash");
    let ran = shell.args(["-euc", &printed(&shown)]).output();
    succeeded(&ran.expect("bash starts"));
    let by_hand = moto.text(&pepper);
    assert_eq!(by_hand.len(), 128);
    assert_eq!(by_hand[..64], old[..64]);
    assert_ne!(by_hand[64..], old[64..]);
    assert_eq!(moto.parameter("tea", "PepperInUse"), "second");

    succeeded(&moto.xtask(&["rotate", "pepper", "--stack", "tea", "--run"]));
    let again = moto.text(&pepper);
    assert_eq!(again[64..], by_hand[64..]);
    assert_ne!(again[..64], by_hand[..64]);
    assert_eq!(moto.parameter("tea", "PepperInUse"), "first");
    assert_eq!(moto.parameter("tea", "SecretsEpoch"), "3");
    assert_eq!(moto.parameter("tea", "LogDays"), "7");

    succeeded(&moto.xtask(&["rotate", "viewer", "--stack", "tea", "--run"]));
    let text = moto.text(&viewer);
    assert_ne!(text[..64], old[..64]);
    assert_ne!(text[64..], old[64..]);
    assert_eq!(moto.parameter("tea", "SecretsEpoch"), "5");

    let rotated = moto.xtask(&["rotate", "broker", "--stack", "tea", "--run"]);
    succeeded(&rotated);
    for (arn, name) in [(&publisher, "publisher-2"), (&consumer, "consumer-2")] {
        let text = moto.text(arn);
        let login: Value = serde_json::from_str(&text).expect("a login");
        assert_eq!(login["username"], name);
        assert_ne!(login["password"], "old");
        assert!(login.get("also").is_none(), "the earlier user is forgotten");
        let password = login["password"].as_str().expect("a text");
        assert!(!printed(&rotated).contains(password));
    }
    assert_eq!(moto.parameter("tea", "SecretsEpoch"), "8");
}

#[test]
#[ignore = "needs moto: executed by `cargo xtask test`, which sets BANTER_AWS"]
fn preflight_names_what_is_wrong_with_its_remedy() {
    let moto = Moto::start();
    moto.aws(&[
        "sesv2",
        "create-email-identity",
        "--email-identity",
        "example.com",
    ]);
    let request = ["acm", "request-certificate", "--region", "us-east-1"];
    let names = ["--domain-name", "chat.example.com"];
    let certificate = moto.aws(&[&request[..], &names].concat());
    let certificate = certificate["CertificateArn"].as_str().expect("an ARN");
    let mut preflight = moto.command(env!("CARGO_BIN_EXE_xtask"));
    preflight.args([
        "preflight",
        "--stack",
        "a-name-that-is-far-too-long-for-a-broker",
    ]);
    preflight.args(["--domain", "talk.example.com", "--certificate", certificate]);
    let output = preflight
        .env("MAIL_FROM", "Banter <no-reply@example.com>")
        .output();
    let output = output.expect("xtask starts");
    assert!(!output.status.success());
    let text = printed(&output);
    for expected in [
        "WRONG  stack name: a-name-that-is-far-too-long-for-a-broker has 40 characters",
        "?      database: set MONGODB_URI",
        "ok     credentials: arn:aws:sts::123456789012",
        "ok     CloudFront's distributions: 0 of 200",
        "ok     Amazon MQ's service-linked role: the first broker creates it",
        "WRONG  certificate: it is for chat.example.com, not for talk.example.com",
        "ok     state of the stack: it is new",
    ] {
        assert!(text.contains(expected), "no `{expected}` in:\n{text}");
    }
    let identity = text.lines().find(|line| line.contains("SES identity"));
    assert!(
        identity.is_some_and(|line| line.contains("example.com")),
        "{text}"
    );
}

#[test]
#[ignore = "needs moto: executed by `cargo xtask test`, which sets BANTER_AWS"]
fn preflight_without_credentials_says_what_it_would_check() {
    let programs = PathBuf::from(env::var_os("BANTER_AWS").expect("BANTER_AWS is set"));
    let path = env::join_paths([programs]).expect("one folder");
    let mut preflight = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let nowhere = "/nonexistent";
    preflight
        .args(["preflight", "--stack", "tea"])
        .env("PATH", path)
        .env("AWS_CONFIG_FILE", nowhere)
        .env("AWS_SHARED_CREDENTIALS_FILE", nowhere)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_DEFAULT_REGION", "eu-central-1")
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env_remove("MONGODB_URI");
    let output = preflight.output().expect("xtask starts");
    assert!(!output.status.success());
    assert!(
        printed(&output).contains("WRONG  credentials"),
        "{}",
        printed(&output)
    );
    for name in [
        "Lambda's concurrency",
        "SES",
        "certificate",
        "state of the stack",
    ] {
        assert!(errors(&output).contains(name), "{}", errors(&output));
    }
}

#[test]
#[ignore = "needs moto: executed by `cargo xtask test`, which sets BANTER_AWS and BANTER_BIN"]
fn preflight_connects_to_the_database() {
    let moto = Moto::start();
    let programs = PathBuf::from(env::var_os("BANTER_BIN").expect("BANTER_BIN is set"));
    let mut server = Command::new(programs.join("embedded-mongo"))
        .args(["--port", "0", "--in-memory"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the database starts");
    let mut line = String::new();
    let stdout = server.stdout.take().expect("it is piped");
    let read = BufReader::new(stdout).read_line(&mut line);
    read.expect("it says where it listens");
    let uri = line.trim().rsplit_once(' ').expect("an address").1;
    let database = |uri: &str| {
        let mut preflight = moto.command(env!("CARGO_BIN_EXE_xtask"));
        preflight.args(["preflight", "--stack", "tea"]);
        let output = preflight.env("MONGODB_URI", uri).output();
        let text = printed(&output.expect("xtask starts"));
        let line = text.lines().find(|line| line.contains("database: "));
        line.expect("it checks the database").to_owned()
    };
    let with_name = format!("{}/banter", uri.trim_end_matches('/'));
    let found = database(&with_name);
    let stopped = server.kill().and_then(|()| server.wait());
    stopped.expect("the database stops");
    assert_eq!(
        found,
        "ok     database: connected from here; database banter"
    );

    let secret = "mongodb://ann:hush@127.0.0.1:1/banter";
    let missing = database(secret);
    assert!(
        missing.starts_with("WRONG  database: ") && missing.contains("Network Access"),
        "{missing}"
    );
    assert!(!missing.contains("hush"), "{missing}");
}
