//! Templates with sockets, and clients for them.

use std::fmt::Write;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{LONG, Runner, Start};

/// A template with these routes: key, properties of the integration, and
/// whether the function's body reaches the client.
fn template(routes: &[(&str, &str, bool)], expression: &str) -> String {
    let mut text = format!(
        "Transform: AWS::Serverless-2016-10-31
Metadata:
  Rehearse:
    Variables:
      AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: connections
Parameters:
  Record:
    Type: String
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    CodeUri: .
    Timeout: 10
    Environment:
      Variables:
        RECORD: !Ref Record
        AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: https://replaced.example
Resources:
  Sockets:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Name: sockets
      ProtocolType: WEBSOCKET
      RouteSelectionExpression: {expression}
  Talker:
    Type: AWS::Serverless::Function
    Metadata:
      BuildProperties:
        Binary: socket
    Properties:
      ReservedConcurrentExecutions: 50
      Policies:
        - Statement:
            - Effect: Allow
              Action: execute-api:ManageConnections
              Resource: !Sub arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{Sockets}}/live/*
  Poster:
    Type: AWS::Serverless::Function
    Metadata:
      BuildProperties:
        Binary: socket
    Properties:
      Policies:
        - Statement:
            - Effect: Allow
              Action: execute-api:ManageConnections
              Resource: !Sub arn:aws:execute-api:*:*:${{Sockets}}/live/POST/@connections/*
  Denied:
    Type: AWS::Serverless::Function
    Metadata:
      BuildProperties:
        Binary: socket
    Properties:
      Policies:
        - AdministratorAccess
        - Statement:
            - {{Effect: Deny, NotAction: 's3:*', Resource: '*'}}
  Outsider:
    Type: AWS::Serverless::Function
    Metadata:
      BuildProperties:
        Binary: socket
  Deployment:
    Type: AWS::ApiGatewayV2::Deployment
    DependsOn: [{}]
    Properties:
      ApiId: !Ref Sockets
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref Sockets
      StageName: live
      DeploymentId: !Ref Deployment
",
        deployed(routes)
    );
    let mut permissions = String::new();
    for (number, (key, integration, responds)) in routes.iter().enumerate() {
        let function = match *key {
            "outside" => "Outsider",
            "posting" => "Poster",
            "denied" => "Denied",
            _ => "Talker",
        };
        let _ = write!(
            text,
            "  Integration{number}:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Sockets
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{function}.Arn}}/invocations
{integration}  Route{number}:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Sockets
      RouteKey: {key}
      Target: !Sub integrations/${{Integration{number}}}
"
        );
        let _ = write!(
            permissions,
            "  Permission{number}:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref {function}
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{Sockets}}/*/{key}
"
        );
        if *responds {
            let _ = write!(
                text,
                "      RouteResponseSelectionExpression: $default
  Response{number}:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties:
      ApiId: !Ref Sockets
      RouteId: !Ref Route{number}
      RouteResponseKey: $default
"
            );
        }
    }
    text + &permissions
}

/// What the deployment depends on: every route, and every response.
fn deployed(routes: &[(&str, &str, bool)]) -> String {
    let names = routes
        .iter()
        .enumerate()
        .flat_map(|(number, (.., responds))| {
            let response = responds.then(|| format!("Response{number}"));
            [Some(format!("Route{number}")), response]
        });
    names.flatten().collect::<Vec<_>>().join(", ")
}

/// Every kind of route but `$default`.
pub const ALL: [(&str, &str, bool); 8] = [
    ("$connect", "", false),
    ("$disconnect", "", false),
    ("say", "", true),
    ("quiet", "", false),
    ("outside", "", true),
    ("posting", "", true),
    ("denied", "", true),
    ("hasty", "      TimeoutInMillis: 200\n", true),
];

/// A runner with all routes, and the file of what is recorded.
pub fn start(routes: &[(&str, &str, bool)]) -> (Runner, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let record = format!("Record={}", folder.path().join("record").display());
    let start = Start::text(&template(routes, "$request.body.action"))
        .with(&["--parameter-overrides", &record])
        .writable(folder.path());
    (start.run(), folder)
}

/// The events that were recorded.
pub fn recorded(folder: &tempfile::TempDir) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.path().join("record")).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// A client's end of a socket.
pub struct Client(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    /// Connects.
    pub async fn connect(runner: &Runner) -> Self {
        Self::connect_with(runner, "")
            .await
            .expect("a connection")
            .0
    }

    /// Connects with this query; an error is the status of the refusal.
    pub async fn connect_with(runner: &Runner, query: &str) -> Result<(Self, Option<String>), u16> {
        let url = format!(
            "{}{query}",
            runner.ready["socket"].as_str().expect("a socket")
        );
        let mut request = url.into_client_request().expect("a URL");
        let headers = request.headers_mut();
        if query.contains("protocol") {
            headers.insert(
                "sec-websocket-protocol",
                "chat.v1, token.x".parse().expect("plain"),
            );
        }
        headers.insert("user-agent", "test".parse().expect("plain"));
        match connect_async(request).await {
            Ok((socket, response)) => {
                let protocol = response.headers().get("sec-websocket-protocol");
                let protocol = protocol.map(|value| value.to_str().expect("plain").to_owned());
                Ok((Self(socket), protocol))
            }
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            // As browsers do: one was offered, and none was chosen.
            Err(Error::Protocol(_)) => Err(101),
            Err(other) => panic!("{other}"),
        }
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &Value) {
        self.0
            .send(Message::text(frame.to_string()))
            .await
            .expect("sent");
    }

    async fn next(&mut self) -> Message {
        let next = tokio::time::timeout(LONG, self.0.next())
            .await
            .expect("in time");
        next.expect("a frame").expect("a frame")
    }

    /// The text of the next frame.
    pub async fn text(&mut self) -> String {
        self.next().await.into_text().expect("text").to_string()
    }

    /// The next frame as JSON.
    pub async fn json(&mut self) -> Value {
        let text = self.text().await;
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
    }

    /// Sends a frame, and gives the next one's text.
    pub async fn ask(&mut self, frame: &Value) -> String {
        self.send(frame).await;
        self.text().await
    }

    /// Its own id, from an event.
    pub async fn id(&mut self) -> String {
        self.send(&json!({"action": "say"})).await;
        let event = self.json().await;
        event["requestContext"]["connectionId"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// The code with which the server closes.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            if let Message::Close(frame) = self.next().await {
                return frame.expect("a code").code.into();
            }
        }
    }
}
