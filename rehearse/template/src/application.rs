//! The resolved template: its functions, routes, sockets, mappings and custom
//! resources.

use std::collections::BTreeMap;
use std::time::Duration;

pub use crate::policy::{Matches, Policy, Statement};
use crate::route_selection::RouteSelection;

/// The logical id of a resource in the template, such as `LoginFunction`.
pub type LogicalId = String;

/// Everything that one template describes.
#[derive(Debug, Clone, PartialEq)]
pub struct Application {
    /// The functions, by logical id.
    pub functions: BTreeMap<LogicalId, Function>,
    /// HTTP APIs, REST APIs and function URLs.
    pub http_apis: Vec<HttpApi>,
    /// WebSocket APIs.
    pub websocket_apis: Vec<WebSocketApi>,
    /// Amazon MQ event source mappings.
    pub mappings: Vec<MqMapping>,
    /// Custom resources, in an order that respects their dependencies.
    pub custom_resources: Vec<CustomResource>,
    /// The CloudFront distribution before page, HTTP API and sockets.
    pub distribution: Option<Distribution>,
}

/// A CloudFront distribution, as far as it changes requests and answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Distribution {
    /// Headers of requests to the HTTP API that a CloudFront function sets to the
    /// viewer's address.
    pub viewer_address_headers: Vec<String>,
    /// What it adds to requests to the HTTP API (`OriginCustomHeaders`).
    pub api_requests: BTreeMap<String, String>,
    /// What it adds to the HTTP API's answers (`ResponseHeadersPolicy`).
    pub api_answers: BTreeMap<String, String>,
    /// What it adds to answers with files of the page.
    pub page_answers: BTreeMap<String, String>,
    /// For how long it caches an error, by its status.
    pub error_caching: BTreeMap<u16, Duration>,
}

/// One Lambda function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// The name which Lambda gives it (`AWS_LAMBDA_FUNCTION_NAME`).
    pub name: String,
    /// Its code.
    pub code: Code,
    /// The longest that one invocation may take.
    pub timeout: Duration,
    /// `MemorySize` in MB.
    pub memory_mb: u32,
    /// How many invocations may run at once (`ReservedConcurrentExecutions`).
    pub concurrency: Option<u32>,
    /// `_HANDLER`.
    pub handler: String,
    /// Whether `LoggingConfig.LogFormat` is `JSON`.
    pub json_logs: bool,
    /// `LoggingConfig.ApplicationLogLevel`.
    pub log_level: Option<String>,
    /// The environment, exactly as the template gives it. A value that needs a
    /// custom resource's answer is not known before that resource was made, so
    /// it is resolved then; see [`Text`].
    pub environment: BTreeMap<String, Text>,
    /// What it may do with APIs of the template.
    pub policy: Policy,
    /// Its layers, in the order in which they are merged.
    pub layers: Vec<Layer>,
}

/// A layer of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its logical id.
    pub id: LogicalId,
    /// `ContentUri`, relative to the template's folder.
    pub folder: String,
}

impl Function {
    /// The name of its package: `BuildProperties.Binary`, or else the last folder of
    /// `CodeUri`.
    pub fn package(&self) -> &str {
        let folder = || self.code.folder.trim_end_matches('/').rsplit('/').next();
        let named = self.code.binary.as_deref().or_else(folder);
        named.unwrap_or_default()
    }
}

/// The code of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// `CodeUri`, relative to the template's folder.
    pub folder: String,
    /// `Metadata.BuildProperties.Binary`.
    pub binary: Option<String>,
    /// `Runtime`.
    pub runtime: Runtime,
    /// `InlineCode`, in place of the folder.
    pub inline: Option<Inline>,
}

/// The runtime of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runtime {
    /// `provided.*`: a native executable.
    Provided,
    /// `nodejs*`, with the name as given.
    Node(String),
    /// `python*`, with the name as given.
    Python(String),
}

/// Code in the template itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inline {
    /// The file to which Lambda writes it.
    pub file: &'static str,
    /// The code.
    pub text: String,
}

/// A text that may depend on the response of a custom resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Text {
    /// Known when the template was read.
    Known(String),
    /// Parts in order, some of them attributes of custom resources.
    Parts(Vec<Part>),
}

/// One part of a [`Text`].
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Plain text.
    Literal(String),
    /// `!GetAtt resource.attribute` of a custom resource.
    Attribute {
        /// The custom resource.
        resource: LogicalId,
        /// The attribute, a key of the `Data` that its function answered.
        attribute: String,
    },
    /// `!Ref resource` of a custom resource.
    PhysicalId(LogicalId),
}

impl Text {
    /// The text of `parts`, adjacent literals joined.
    pub(crate) fn from_parts(parts: Vec<Part>) -> Self {
        let mut joined: Vec<Part> = Vec::new();
        for part in parts {
            match (joined.last_mut(), part) {
                (Some(Part::Literal(before)), Part::Literal(text)) => before.push_str(&text),
                (_, part) => joined.push(part),
            }
        }
        match joined.as_slice() {
            [] => Self::Known(String::new()),
            [Part::Literal(text)] => Self::Known(text.clone()),
            _ => Self::Parts(joined),
        }
    }

    /// The text. `part` resolves the parts that are not literals.
    ///
    /// # Errors
    /// The first part that `part` cannot resolve.
    pub fn text(&self, part: impl Fn(&Part) -> Option<String>) -> Result<String, Part> {
        match self {
            Text::Known(text) => Ok(text.clone()),
            Text::Parts(parts) => parts
                .iter()
                .map(|each| match each {
                    Part::Literal(text) => Ok(text.clone()),
                    waiting => part(waiting).ok_or_else(|| waiting.clone()),
                })
                .collect(),
        }
    }
}

/// An HTTP API, a REST API or a function URL.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpApi {
    /// Its logical id, given to functions as `requestContext.apiId`.
    pub id: LogicalId,
    /// Which kind of API it is.
    pub kind: ApiKind,
    /// The deployed stage: `$default`, or a name that is the first segment of paths.
    pub stage: String,
    /// The stage's variables.
    pub stage_variables: BTreeMap<String, String>,
    /// Every route.
    pub routes: Vec<HttpRoute>,
    /// Cross-origin resource sharing, answered by the gateway.
    pub cors: Option<Cors>,
    /// Throttling of the stage (`DefaultRouteSettings`).
    pub throttling: Option<Throttling>,
}

/// The kinds of [`HttpApi`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiKind {
    /// `AWS::Serverless::HttpApi` or `AWS::ApiGatewayV2::Api`.
    Http,
    /// `AWS::Serverless::Api`.
    Rest,
    /// `FunctionUrlConfig`.
    FunctionUrl,
}

/// The CORS configuration of an HTTP API or a function URL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cors {
    /// `AllowOrigins`.
    pub origins: Vec<String>,
    /// `AllowMethods`.
    pub methods: Vec<String>,
    /// `AllowHeaders`.
    pub headers: Vec<String>,
    /// `ExposeHeaders`.
    pub exposed: Vec<String>,
    /// `MaxAge` in seconds.
    pub max_age: Option<u32>,
    /// `AllowCredentials`.
    pub credentials: bool,
}

/// The payload format of a Lambda integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadFormat {
    /// `1.0`, also the format of REST APIs.
    V1,
    /// `2.0`.
    V2,
}

/// What decides whether a request reaches its route.
#[derive(Debug, Clone, PartialEq)]
pub enum Authorizer {
    /// `AWS_IAM`: the request is signed by a caller who may invoke the route.
    Iam,
    /// A JSON Web Token.
    Jwt {
        /// `issuer`.
        issuer: String,
        /// `audience`; without it every client of the issuer is accepted.
        audience: Option<Vec<String>>,
        /// Such as `$request.header.Authorization`.
        identity_source: String,
        /// The scopes of which the token needs one.
        scopes: Vec<String>,
    },
    /// A function.
    Function(FunctionAuthorizer),
}

/// A Lambda authorizer.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionAuthorizer {
    /// The function.
    pub function: LogicalId,
    /// What it is invoked with.
    pub event: AuthorizerEvent,
    /// Such as `$request.header.Authorization` or `method.request.header.Auth`. A
    /// request that lacks one is rejected with 401.
    pub identity_sources: Vec<String>,
    /// Whether the response is `{"isAuthorized": …}` instead of a policy.
    pub simple_response: bool,
    /// For how long a response is used again for the same identity.
    pub caching: Duration,
}

/// The event of a Lambda authorizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizerEvent {
    /// `TOKEN`, of REST APIs.
    Token,
    /// `REQUEST` in this format.
    Request(PayloadFormat),
}

impl HttpApi {
    /// The first segment of the path that all routes share, such as `/api`;
    /// empty if there is no common one.
    pub fn common_path(&self) -> Option<String> {
        let mut firsts = self.routes.iter().map(|route| {
            let first = route.path.split('/').nth(1).unwrap_or_default();
            let plain = !first.is_empty() && !first.starts_with('{');
            if plain {
                format!("/{first}")
            } else {
                String::new()
            }
        });
        let first = firsts.next()?;
        let shared = firsts.all(|other| other == first);
        Some(if shared { first } else { String::new() })
    }
}

/// `POST /api/rooms/{room}/members` and the function behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpRoute {
    /// An upper-case method, or `ANY`.
    pub method: String,
    /// The path with its `{parameters}` and perhaps a last `{proxy+}`.
    pub path: String,
    /// The function that answers.
    pub function: LogicalId,
    /// The integration's time limit, at most 30 s.
    pub timeout: Duration,
    /// The format of events and responses.
    pub payload: PayloadFormat,
    /// What decides whether a request may take the route.
    pub authorizer: Option<Authorizer>,
}

impl HttpRoute {
    /// `POST /api/login`, or `$default`.
    pub fn key(&self) -> String {
        match self.path.as_str() {
            "$default" => self.path.clone(),
            path => format!("{} {path}", self.method),
        }
    }
}

/// The WebSocket API and its one deployed stage.
#[derive(Debug, Clone, PartialEq)]
pub struct WebSocketApi {
    /// Its logical id, given to functions as `requestContext.apiId`.
    pub id: LogicalId,
    /// The stage, which is also the path: `ws://host/{stage}`.
    pub stage: String,
    /// `RouteSelectionExpression`, such as `$request.body.action`.
    pub route_selection: RouteSelection,
    /// The authorizer of `$connect`.
    pub authorizer: Option<Authorizer>,
    /// Routes by key: `$connect`, `$disconnect`, `$default` or a word.
    pub routes: BTreeMap<String, WebSocketRoute>,
    /// The stage's variables.
    pub stage_variables: BTreeMap<String, String>,
    /// Throttling of the stage (`DefaultRouteSettings`).
    pub throttling: Option<Throttling>,
}

/// A limit on requests: so many a second, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttling {
    /// `ThrottlingRateLimit`.
    pub per_second: u32,
    /// `ThrottlingBurstLimit`.
    pub burst: u32,
}

/// One route of the WebSocket API.
#[derive(Debug, Clone, PartialEq)]
pub struct WebSocketRoute {
    /// The function that answers.
    pub function: LogicalId,
    /// The integration's time limit, 50 ms to 29 s.
    pub timeout: Duration,
    /// Whether the function's body reaches the client: only where the route has
    /// a `RouteResponseSelectionExpression` **and** an `AWS::ApiGatewayV2::RouteResponse`.
    pub responds: bool,
}

/// An Amazon MQ event source mapping for RabbitMQ.
#[derive(Debug, Clone, PartialEq)]
pub struct MqMapping {
    /// The function that is invoked with batches.
    pub function: LogicalId,
    /// The ARN of the broker.
    pub broker_arn: String,
    /// The one queue that is read.
    pub queue: String,
    /// `VIRTUAL_HOST`, by default `/`.
    pub virtual_host: String,
    /// The login's user name, from the secret that `BASIC_AUTH` names.
    pub username: String,
    /// Its password.
    pub password: String,
    /// The greatest number of messages in one batch, 1 to 10,000.
    pub batch_size: u16,
    /// How long a batch that is not full waits for more.
    pub window: Duration,
}

/// A custom resource (`Custom::…`), provisioned by a function of the template.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomResource {
    /// Its logical id.
    pub id: LogicalId,
    /// Its type, such as `Custom::Setup`.
    pub resource_type: String,
    /// The function that its `ServiceToken` names.
    pub function: LogicalId,
    /// How long its function may take to answer (`ServiceTimeout`).
    pub timeout: Duration,
    /// Its properties, `ServiceToken` included.
    pub properties: BTreeMap<String, Property>,
}

/// A property of a custom resource. CloudFormation hands every scalar over as
/// text, numbers and booleans too.
#[derive(Debug, Clone, PartialEq)]
pub enum Property {
    /// A scalar.
    Text(Text),
    /// A list.
    List(Vec<Property>),
    /// A map.
    Map(BTreeMap<String, Property>),
}

/// The region of every ARN.
pub const REGION: &str = "us-east-1";

/// The account of every ARN.
pub const ACCOUNT: &str = "123456789012";

/// The name of the stack.
pub const STACK: &str = "local";

/// The ARN of that stack.
pub const STACK_ID: &str = "arn:aws:cloudformation:us-east-1:123456789012:stack/local/00000000-0000-0000-0000-000000000000";

/// The ARN of the function with this name.
pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}
