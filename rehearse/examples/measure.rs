//! Measures the runner: the time until it listens, its memory, and the latency of HTTP
//! requests and WebSocket echoes. `cargo xtask bench rehearse` builds and runs it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

type Error = Box<dyn std::error::Error>;

/// How often the runner is started.
const STARTS: usize = 20;

/// How many requests and frames are sent.
const REQUESTS: usize = 2_000;

const TEMPLATE: &str = "Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: bootstrap
      Runtime: provided.al2023
      Events:
        Any: {Type: HttpApi, Properties: {Path: /created, Method: GET}}
  Echo:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: socket, Handler: bootstrap, Runtime: provided.al2023}
  Sockets:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: sockets, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Sockets
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Echo.Arn}/invocations
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Sockets
      RouteKey: $default
      RouteResponseSelectionExpression: $default
      Target: !Sub integrations/${Integration}
  Response:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Sockets, RouteId: !Ref Route, RouteResponseKey: $default}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Sockets, StageName: live, AutoDeploy: true}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !GetAtt Echo.Arn
      Principal: apigateway.amazonaws.com
";

/// A running runner.
struct Runner {
    child: Child,
    ready: Value,
    took: Duration,
}

impl Runner {
    fn start(folder: &Path, program: &Path) -> Result<Self, Error> {
        let begin = Instant::now();
        let mut child = Command::new(program)
            .args(["run", "--port", "0", "--stop-with-stdin", "--template"])
            .arg(folder.join("template.yaml"))
            .arg("--data")
            .arg(folder.join("data"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no standard output")?;
        BufReader::new(output).read_line(&mut line)?;
        let took = begin.elapsed();
        let ready = serde_json::from_str(&line)?;
        Ok(Self { child, ready, took })
    }

    fn address(&self, key: &str) -> &str {
        self.ready[key].as_str().unwrap_or_default()
    }

    /// Resident memory in MB.
    fn memory(&self) -> Result<f64, Error> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.ok_or("no VmRSS")?.trim().trim_end_matches("kB").trim();
        Ok(kilobytes.parse::<f64>()? / 1024.0)
    }

    fn stop(mut self) -> Result<(), Error> {
        drop(self.child.stdin.take());
        self.child.wait()?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let own = std::env::current_exe()?;
    let examples = own.parent().ok_or("no folder")?;
    let program: PathBuf = examples.with_file_name("rehearse");
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("template.yaml"), TEMPLATE)?;
    std::fs::create_dir(folder.path().join("socket"))?;
    std::fs::copy(examples.join("echo"), folder.path().join("bootstrap"))?;
    std::fs::copy(
        examples.join("socket"),
        folder.path().join("socket/bootstrap"),
    )?;
    // The first start makes the certificate authority.
    Runner::start(folder.path(), &program)?.stop()?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let runner = Runner::start(folder.path(), &program)?;
        starts.push(runner.took);
        runner.stop()?;
    }
    report("start until ready", &mut starts);

    let runner = Runner::start(folder.path(), &program)?;
    println!("memory when ready: {:.1} MB", runner.memory()?);
    let mut requests = http(&runner).await?;
    report("HTTP request", &mut requests);
    let mut frames = echoes(&runner).await?;
    report("WebSocket echo", &mut frames);
    println!("memory afterwards: {:.1} MB", runner.memory()?);
    runner.stop()
}

async fn http(runner: &Runner) -> Result<Vec<Duration>, Error> {
    let client = reqwest::Client::new();
    let url = format!("{}/created", runner.address("web"));
    // Starts the function.
    client.get(&url).send().await?.error_for_status()?;
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let begin = Instant::now();
        client.get(&url).send().await?.bytes().await?;
        times.push(begin.elapsed());
    }
    Ok(times)
}

async fn echoes(runner: &Runner) -> Result<Vec<Duration>, Error> {
    let (mut socket, _) = tokio_tungstenite::connect_async(runner.address("socket")).await?;
    let frame = r#"{"action": "say"}"#;
    let mut times = Vec::with_capacity(REQUESTS);
    for index in 0..=REQUESTS {
        let begin = Instant::now();
        socket.send(Message::text(frame)).await?;
        loop {
            match socket.next().await.ok_or("the socket was closed")?? {
                Message::Text(_) => break,
                _ => continue,
            }
        }
        // The first frame starts the function.
        if index > 0 {
            times.push(begin.elapsed());
        }
    }
    Ok(times)
}

fn report(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    println!(
        "{what}: median {:.2} ms, 99 % within {:.2} ms",
        at(50),
        at(99)
    );
}
