//! `FunctionUrlConfig` of `AWS::Serverless::Function`.

use std::time::Duration;

use super::cors;
use crate::application::{ApiKind, Authorizer, Function, HttpApi, HttpRoute, PayloadFormat};
use crate::evaluate::{Fields, Resource, Scope};

/// The URL of `resource`, as an API with one route.
pub fn read(scope: &Scope<'_>, resource: &Resource<'_>, function: &Function) -> Option<HttpApi> {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    fields.node("FunctionUrlConfig")?;
    let url = fields.map("FunctionUrlConfig");
    let auth = url.required("AuthType");
    url.one_of("AuthType", &["NONE", "AWS_IAM"]);
    if url.text("InvokeMode").as_deref() == Some("RESPONSE_STREAM") {
        let message = format!("{}: responses are buffered, not streamed", resource.id);
        scope.warn(resource.line, message);
    }
    let cors = cors::read(scope, &url, "Cors");
    url.finish();
    Some(HttpApi {
        id: format!("{}Url", resource.id),
        kind: ApiKind::FunctionUrl,
        stage: "$default".to_owned(),
        stage_variables: Default::default(),
        routes: vec![HttpRoute {
            method: "ANY".to_owned(),
            path: "$default".to_owned(),
            function: resource.id.to_owned(),
            timeout: function.timeout.max(Duration::from_secs(30)),
            payload: PayloadFormat::V2,
            authorizer: (auth.as_deref() == Some("AWS_IAM")).then_some(Authorizer::Iam),
        }],
        cors,
        throttling: None,
    })
}
