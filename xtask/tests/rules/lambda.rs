//! A minimal Lambda Runtime API. It starts a function without configuration, so that the function
//! reports the variables that it misses.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// A function without configuration exits within milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// The output of `program` when it is started with Lambda's own variables and `settings`, which
/// are not enough to start.
pub fn run_with(program: &Path, settings: &[(String, String)]) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let mut function = Command::new(program)
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "without-settings")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "id")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_SESSION_TOKEN", "token")
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
    let sent = wait(&mut function, listener, address)
        .unwrap_or_else(|| panic!("{} does not exit with {settings:?}", program.display()));
    let output = function.wait_with_output().expect("it is our child");
    let printed = [output.stdout, output.stderr].concat();
    sent + &String::from_utf8_lossy(&printed)
}

/// Waits until the function exits or answers the event; returns its answer, or `None` on timeout.
fn wait(function: &mut Child, listener: TcpListener, address: SocketAddr) -> Option<String> {
    let (send, answers) = mpsc::channel();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let answer = connection.and_then(|connection| serve(connection, address));
            if let Ok(Some(answer)) = answer
                && send.send(answer).is_err()
            {
                break;
            }
        }
    });
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        match answers.recv_timeout(Duration::from_millis(5)) {
            Ok(answer) => {
                function.kill().expect("it is our child");
                return Some(answer);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if function.try_wait().expect("it is our child").is_some() {
            return Some(String::new());
        }
    }
    function.kill().expect("it is our child");
    None
}

/// Serves one request; returns the body if it answers the custom resource.
fn serve(connection: TcpStream, address: SocketAddr) -> std::io::Result<Option<String>> {
    let mut reader = BufReader::new(connection);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header == "\r\n" {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut connection = reader.into_inner();
    let body = String::from_utf8_lossy(&body).into_owned();
    let (event, answer) = if request.contains("/invocation/next") {
        (deployment(address), None)
    } else {
        let is_answer = request.starts_with("PUT /answer");
        (String::new(), is_answer.then_some(body))
    };
    write!(
        connection,
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Lambda-Runtime-Aws-Request-Id: 1\r\nLambda-Runtime-Deadline-Ms: 32503680000000\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn\r\nContent-Length: {}\r\n\r\n{event}",
        event.len()
    )?;
    Ok(answer)
}

/// A custom resource event of CloudFormation.
fn deployment(address: SocketAddr) -> String {
    serde_json::json!({
        "RequestType": "Create",
        "ResponseURL": format!("http://{address}/answer"),
        "StackId": "stack",
        "RequestId": "request",
        "ResourceType": "Custom::Setup",
        "LogicalResourceId": "Setup",
        "ResourceProperties": {"ServiceToken": "arn"},
    })
    .to_string()
}
