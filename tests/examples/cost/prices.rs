//! Prices in US dollars, us-east-1, on demand, as of November 2026 where nothing
//! else is said. Free tiers that end after a year are left out.

/// A million requests to Lambda (aws.amazon.com/lambda/pricing).
pub const LAMBDA_REQUESTS: f64 = 0.20;
/// A GB-second of Lambda on arm64 (aws.amazon.com/lambda/pricing).
pub const LAMBDA_GB_SECOND: f64 = 0.000_013_333_4;
/// A million requests to an HTTP API (aws.amazon.com/api-gateway/pricing).
pub const HTTP_REQUESTS: f64 = 1.00;
/// A million messages of a WebSocket API, 32 KB each (same page).
pub const SOCKET_MESSAGES: f64 = 1.00;
/// A million minutes that sockets are open (same page).
pub const SOCKET_MINUTES: f64 = 0.25;
/// A thousand mails by SES (aws.amazon.com/ses/pricing).
pub const MAILS: f64 = 0.10;
/// A GB of logs taken in by CloudWatch (aws.amazon.com/cloudwatch/pricing).
pub const LOGS_GB: f64 = 0.50;
/// A million traces recorded by X-Ray (aws.amazon.com/xray/pricing).
pub const TRACES: f64 = 5.00;
/// A million requests to CloudFront, beyond the ten million of each month
/// (aws.amazon.com/cloudfront/pricing).
pub const CLOUDFRONT_REQUESTS: f64 = 1.00;

/// Requests to CloudFront that are free in each month.
pub const CLOUDFRONT_FREE: f64 = 10e6;
/// Seconds in a month: X-Ray records the first request of each, and of the rest
/// the part below (its default sampling rule).
pub const SECONDS: f64 = 30.0 * 86_400.0;
/// Of what comes beyond the first request of a second, so much is recorded.
pub const SAMPLED: f64 = 0.05;

/// The fixed parts, each a month.
pub const FIXED: [(&str, f64); 4] = [
    // Not on a page that could be read here: people report 56 to 66.
    ("RabbitMQ, one `mq.m7g.medium`, with its disk", 66.0),
    ("Secrets Manager, 4 secrets at 0.40", 1.60),
    ("CloudWatch, 12 metrics at 0.30", 3.60),
    ("CloudWatch, 15 alarms at 0.10", 1.50),
];

/// A cluster of Atlas.
pub struct Cluster {
    /// Its name.
    pub name: &'static str,
    /// A month of it (mongodb.com/pricing; 30 days, AWS, default disk).
    pub price: f64,
    /// Operations a second that it is trusted with here. MongoDB promises a figure
    /// for Flex alone; those of the others are guesses of ours.
    pub operations: f64,
    /// Connections that it takes (Atlas, "Connection Limits").
    pub connections: f64,
}

/// From small to large.
pub const CLUSTERS: [Cluster; 7] = [
    cluster("Flex, below 100 operations a second", 8.0, 100.0, 500.0),
    cluster("Flex, up to 500 operations a second", 30.0, 500.0, 500.0),
    cluster("M10", 57.6, 1_000.0, 1_500.0),
    cluster("M20", 144.0, 2_000.0, 3_000.0),
    cluster("M30", 388.8, 6_000.0, 3_000.0),
    cluster("M40", 748.8, 12_000.0, 6_000.0),
    cluster("M50", 1_440.0, 24_000.0, 16_000.0),
];

const fn cluster(name: &'static str, price: f64, operations: f64, connections: f64) -> Cluster {
    Cluster {
        name,
        price,
        operations,
        connections,
    }
}
