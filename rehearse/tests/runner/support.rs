//! Starts the runner as people do, and stops it with the test.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Far more than anything takes, also on a busy machine.
pub const LONG: Duration = Duration::from_secs(60);

/// A running runner with a data folder of its own.
pub struct Runner {
    /// The ready line.
    pub ready: Value,
    /// Everything that it keeps and logs.
    pub folder: TempDir,
    /// To ask it.
    pub client: reqwest::Client,
    child: Child,
    // The runner stops when this ends, even if the test is killed.
    input: Option<ChildStdin>,
}

/// How to start a runner.
pub struct Start {
    folder: TempDir,
    template: PathBuf,
    binaries: Option<PathBuf>,
    data: Option<PathBuf>,
    port: u16,
    arguments: Vec<String>,
}

/// The folder of the example functions, which `cargo test` builds.
pub fn examples() -> PathBuf {
    let runner = Path::new(env!("CARGO_BIN_EXE_rehearse"));
    runner.parent().expect("a folder").join("examples")
}

/// The template of that name in `tests/fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    tests.join("fixtures").join(name)
}

impl Start {
    /// With a template of `tests/fixtures`.
    pub fn fixture(name: &str) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            template: fixture(name),
            binaries: Some(examples()),
            data: None,
            port: 0,
            arguments: Vec::new(),
        }
    }

    /// With this template, whose functions are found by themselves.
    pub fn template(template: &Path) -> Self {
        let mut start = Self::fixture("");
        start.template = template.to_owned();
        start.binaries = None;
        start
    }

    /// With this text as the template.
    pub fn text(template: &str) -> Self {
        let mut start = Self::fixture("");
        start.template = start.folder.path().join("template.yaml");
        std::fs::write(&start.template, template).expect("the template is written");
        start
    }

    /// With one more argument, or more of them.
    pub fn with(mut self, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned());
        self.arguments.extend(arguments);
        self
    }

    /// With the binaries of another folder.
    pub fn binaries(mut self, folder: &Path) -> Self {
        self.binaries = Some(folder.to_owned());
        self
    }

    /// With a data folder that is not its own.
    pub fn data(mut self, folder: &Path) -> Self {
        self.data = Some(folder.to_owned());
        self
    }

    /// On this port instead of a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// With a folder that functions may write to.
    pub fn writable(self, folder: &Path) -> Self {
        self.with(&["--writable", folder.to_str().expect("a plain path")])
    }

    /// In the folder of an earlier runner, which has ended.
    pub fn again(mut self, folder: TempDir) -> Self {
        self.folder = folder;
        self
    }

    fn command(&self) -> Command {
        let mut appending = File::options();
        let appending = appending.create(true).append(true);
        let log = appending.open(self.folder.path().join("log"));
        let own = self.folder.path().join("data");
        let data = self.data.as_ref().unwrap_or(&own);
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehearse"));
        command
            .arg("run")
            .arg("--template")
            .arg(&self.template)
            .arg("--data")
            .arg(data)
            .args(
                self.binaries
                    .iter()
                    .flat_map(|folder| [OsStr::new("--binaries"), folder.as_os_str()]),
            )
            .args(["--port", &self.port.to_string()])
            .args(["--in-memory", "--stop-with-stdin"])
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.expect("the log is opened"));
        command
    }

    /// Starts it and waits until it is ready.
    pub fn run(self) -> Runner {
        match self.try_run() {
            Ok(runner) => runner,
            Err((status, log)) => panic!("the runner ended with {status}:\n{log}"),
        }
    }

    /// Starts it; if it ends before it is ready, gives its status and its log.
    pub fn try_run(self) -> Result<Runner, (ExitStatus, String)> {
        let mut child = self.command().spawn().expect("the runner starts");
        let input = child.stdin.take();
        let output = child.stdout.take().expect("its output is piped");
        let mut line = String::new();
        let _ = BufReader::new(output).read_line(&mut line);
        if line.is_empty() {
            let status = child.wait().expect("its status");
            let log = std::fs::read_to_string(self.folder.path().join("log"));
            return Err((status, log.expect("its log")));
        }
        Ok(Runner {
            ready: serde_json::from_str(&line).expect("the ready line is JSON"),
            folder: self.folder,
            client: reqwest::Client::new(),
            child,
            input,
        })
    }
}

impl Runner {
    /// An address on the runner's origin.
    pub fn web(&self) -> &str {
        self.ready["web"].as_str().expect("an address")
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.ready["web"].as_str().expect("a web"))
    }

    /// What a GET answers, as JSON.
    pub async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        let text = response.text().await.expect("a body");
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {text}"))
    }

    /// What a GET answers.
    pub async fn get(&self, path: &str) -> reqwest::Response {
        let answer = self.client.get(self.url(path)).send().await;
        answer.expect("an answer")
    }

    /// The processes of a function, as `/_local/functions` shows them.
    pub async fn processes(&self, function: &str) -> Vec<Value> {
        let all = self.json("/_local/functions").await;
        let all = all.as_array().cloned().unwrap_or_default();
        let own = |process: &Value| process["function"] == function;
        all.into_iter().filter(own).collect()
    }

    /// Everything that it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).expect("its log")
    }

    /// Sends it a signal, and waits for its end.
    pub fn end(mut self, signal: &str) -> (ExitStatus, TempDir) {
        send(signal, self.child.id());
        let deadline = Instant::now() + LONG;
        let status = loop {
            match self.child.try_wait().expect("its status") {
                Some(status) => break status,
                None if Instant::now() > deadline => panic!("it does not end:\n{}", self.log()),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        (status, std::mem::replace(&mut self.folder, folder))
    }

    /// Closes its standard input and waits for its end.
    pub fn leave(mut self) -> ExitStatus {
        self.input = None;
        self.child.wait().expect("its status")
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}

/// The process that answers.
pub async fn pid(runner: &Runner) -> u64 {
    let answer = runner.json("/api/pid").await;
    let pid = answer["pid"].as_u64();
    pid.unwrap_or_else(|| panic!("no process id: {answer}"))
}

/// Sends a signal to a process.
pub fn send(signal: &str, pid: u32) {
    let sent = Command::new("kill")
        .args([format!("-{signal}"), pid.to_string()])
        .status();
    assert!(sent.expect("kill runs").success(), "{signal} to {pid}");
}

/// Whether a process is there and not merely waiting to be buried.
pub fn is_alive(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    let status = status.unwrap_or_default();
    let state = status
        .rsplit_once(") ")
        .map(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some(None | Some('Z' | 'X')))
}

/// Waits until `holds` does.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !holds().await {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The source folder of a crate that this one is built with.
pub fn source_of(package: &str) -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline"])
        // What other systems need was not fetched on a fresh machine.
        .arg("--filter-platform=host-tuple")
        .arg("--manifest-path")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let found = packages.iter().find(|each| each["name"] == package);
    let manifest = found.expect("the package")["manifest_path"].as_str();
    let manifest = Path::new(manifest.expect("a path"));
    manifest.parent().expect("a folder").to_owned()
}
