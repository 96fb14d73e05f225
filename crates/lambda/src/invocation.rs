//! One log line per invocation, with its metrics in CloudWatch's embedded metric
//! format.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::Timestamp;
use env::Variables;
use lambda_runtime::Context;
use serde::Serialize;
use serde_json::{Value, json};
use telemetry::{Metric, Trace};
use tracing::Level;
use tracing::level_filters::LevelFilter;

use crate::ApiError;
use crate::environment;
use crate::line::Line;
use crate::status::log_cause;

const NAMESPACE: &str = "Banter";
const DIMENSION: &str = "Stack";
const LEVEL: Level = Level::INFO;

/// Writes a process's invocation lines.
pub(crate) struct Recorder {
    function: String,
    /// From `STACK_NAME`, the dimension of the metrics; empty for none.
    stack: String,
    /// Duration of the init, for the first line.
    init: Duration,
    warm: AtomicBool,
}

pub(crate) struct Invocation<'r> {
    recorder: &'r Recorder,
    cold: bool,
    begun: Instant,
}

/// How an invocation ended, with the response's status where it has one.
pub(crate) enum End<'a> {
    Ok(Option<u16>),
    Error(&'a ApiError, Option<u16>),
    /// With an error that is returned to Lambda.
    Failed,
}

impl Recorder {
    /// Reads `STACK_NAME`.
    pub(crate) fn from_variables(variables: &mut Variables) -> Self {
        let stack = variables.text("STACK_NAME");
        Self {
            stack,
            ..Self::without_metrics()
        }
    }

    pub(crate) fn without_metrics() -> Self {
        Self {
            function: environment::function_name(),
            stack: String::new(),
            init: Duration::ZERO,
            warm: AtomicBool::new(false),
        }
    }

    pub(crate) fn after(self, init: Duration) -> Self {
        Self { init, ..self }
    }

    pub(crate) fn begin(&self, context: &Context) -> Invocation<'_> {
        telemetry::begin(telemetry::Invocation {
            request_id: context.request_id.clone(),
            trace: context.xray_trace_id.as_deref().and_then(Trace::parse),
        });
        Invocation {
            recorder: self,
            cold: !self.warm.swap(true, Ordering::Relaxed),
            begun: Instant::now(),
        }
    }
}

impl Invocation<'_> {
    /// Writes the line. `event` must not contain client input.
    pub(crate) fn end(self, event: &str, end: &End<'_>) {
        if let End::Error(error, _) = end {
            log_cause(error);
            count(error);
        }
        let metrics = telemetry::counted();
        if LEVEL <= LevelFilter::current() {
            self.line(event, end, &metrics).print();
        }
    }

    fn line(&self, event: &str, end: &End<'_>, metrics: &[(Metric, u64)]) -> Line {
        let Recorder {
            function,
            stack,
            init,
            ..
        } = self.recorder;
        let mut line = Line::new(LEVEL);
        line.field("message", "invocation");
        line.field("function", function);
        line.field("event", event);
        if let End::Ok(Some(status)) | End::Error(_, Some(status)) = end {
            line.field("status", status);
        }
        match end {
            End::Ok(_) => line.field("outcome", "ok"),
            End::Error(error, _) => line.field("outcome", &error.code()),
            End::Failed => line.field("outcome", "failed"),
        }
        line.field("milliseconds", &milliseconds(self.begun.elapsed()));
        line.field("cold", &self.cold);
        if self.cold {
            line.field("init_milliseconds", &milliseconds(*init));
        }
        if !metrics.is_empty() && !stack.is_empty() {
            embed(&mut line, stack, metrics);
        }
        line
    }
}

pub(crate) fn end_of(handled: &anyhow::Result<()>) -> End<'static> {
    match handled {
        Ok(()) => End::Ok(None),
        Err(_) => End::Failed,
    }
}

fn count(error: &ApiError) {
    let metric = match error {
        ApiError::WrongCredentials | ApiError::WrongCode { .. } => Metric::SignInsRefused,
        ApiError::TooFast(_) => Metric::Throttled,
        ApiError::Unavailable(_) => Metric::Unavailable,
        _ => return,
    };
    telemetry::count(metric, 1);
}

fn embed(line: &mut Line, stack: &str, metrics: &[(Metric, u64)]) {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Directive {
        timestamp: Timestamp,
        cloud_watch_metrics: [Value; 1],
    }
    let definitions: Vec<Value> = metrics
        .iter()
        .map(|(metric, _)| json!({ "Name": metric.name(), "Unit": metric.unit().name() }))
        .collect();
    let directive = Directive {
        timestamp: environment::now(),
        cloud_watch_metrics: [json!({
            "Namespace": NAMESPACE,
            "Dimensions": [[DIMENSION]],
            "Metrics": definitions,
        })],
    };
    line.field("_aws", &directive);
    line.field(DIMENSION, stack);
    for (metric, value) in metrics {
        line.field(metric.name(), value);
    }
}

/// Rounded to one decimal.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorder(stack: &str) -> Recorder {
        let stack = ("STACK_NAME".to_owned(), stack.to_owned());
        Recorder::from_variables(&mut Variables::new([stack])).after(Duration::from_micros(12_340))
    }

    fn read(line: Line) -> Value {
        serde_json::from_slice(&line.into_bytes()).expect("a line is JSON")
    }

    // One test, because the current invocation is global.
    #[test]
    fn a_line_describes_the_invocation_and_its_metrics() {
        let recorder = recorder("banter");
        let mut context = Context::default();
        context.request_id = "r-1".to_owned();
        let root = "1-5759e988-bd862e3fe1be46a994272793";
        context.xray_trace_id = Some(format!("Root={root};Parent=53995c3f42cd8ad8;Sampled=0"));
        let error = ApiError::TooFast(domain::TooFast {
            retry_at: Timestamp::EPOCH,
        });
        let counted = [(Metric::Throttled, 1), (Metric::FanOutTime, 40)];
        let end = End::Error(&error, Some(429));
        let line = read(
            recorder
                .begin(&context)
                .line("POST /api/login", &end, &counted),
        );
        assert_eq!(line["message"], "invocation");
        assert_eq!(line["request_id"], "r-1");
        assert_eq!(line["trace_id"], root);
        assert_eq!(line["event"], "POST /api/login");
        assert_eq!(
            (&line["status"], &line["outcome"]),
            (&json!(429), &json!("too_fast"))
        );
        assert_eq!(
            (&line["cold"], &line["init_milliseconds"]),
            (&json!(true), &json!(12.3))
        );

        assert!(line["_aws"]["Timestamp"].is_i64());
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Banter");
        assert_eq!(directive["Dimensions"], json!([["Stack"]]));
        assert_eq!(line["Stack"], "banter");
        let named = json!([
            { "Name": "Throttled", "Unit": "Count" },
            { "Name": "FanOutTime", "Unit": "Milliseconds" },
        ]);
        assert_eq!(directive["Metrics"], named);
        assert_eq!(
            (&line["Throttled"], &line["FanOutTime"]),
            (&json!(1), &json!(40))
        );

        let warm = recorder.begin(&context);
        let line = read(warm.line("ping", &End::Ok(None), &[]));
        assert_eq!(
            (&line["outcome"], &line["cold"]),
            (&json!("ok"), &json!(false))
        );
        for absent in ["status", "init_milliseconds", "_aws", "Stack"] {
            assert_eq!(line.get(absent), None, "{absent}");
        }
    }
}
