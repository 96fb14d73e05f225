//! Prices in US dollars, us-east-1, on demand, as of November 2026 unless noted.
//! Free tiers that end after a year are ignored.

/// A million requests to Lambda (aws.amazon.com/lambda/pricing).
pub const LAMBDA_REQUESTS: f64 = 0.20;
/// A GB-second of Lambda on arm64 (aws.amazon.com/lambda/pricing).
pub const LAMBDA_GB_SECOND: f64 = 0.000_013_333_4;
/// A million requests to an HTTP API (aws.amazon.com/api-gateway/pricing).
pub const HTTP_REQUESTS: f64 = 1.00;
/// A million messages of up to 32 KB of a WebSocket API (same page).
pub const SOCKET_MESSAGES: f64 = 1.00;
/// A million connection minutes (same page).
pub const SOCKET_MINUTES: f64 = 0.25;
/// A thousand mails by SES (aws.amazon.com/ses/pricing).
pub const MAILS: f64 = 0.10;
/// A GB of logs ingested by CloudWatch (aws.amazon.com/cloudwatch/pricing).
pub const LOGS_GB: f64 = 0.50;
/// A million traces recorded by X-Ray (aws.amazon.com/xray/pricing).
pub const TRACES: f64 = 5.00;
/// A million requests to CloudFront, beyond the ten million of each month
/// (aws.amazon.com/cloudfront/pricing).
pub const CLOUDFRONT_REQUESTS: f64 = 1.00;

/// Requests to CloudFront that are free in each month.
pub const CLOUDFRONT_FREE: f64 = 10e6;
/// Seconds in a month: X-Ray's default rule samples the first request of each second
/// and the share below of the others.
pub const SECONDS: f64 = 30.0 * 86_400.0;
/// The share of further requests in a second that is sampled.
pub const SAMPLED: f64 = 0.05;

pub const FIXED: [(&str, f64); 4] = [
    // No price list could be read: reports range from 56 to 100.
    ("RabbitMQ, one `mq.m7g.medium`, with its disk", 66.0),
    ("Secrets Manager, 7 secrets at 0.40", 2.80),
    ("CloudWatch, 15 metrics at 0.30", 4.50),
    ("CloudWatch, 64 metrics with alarms at 0.10", 6.40),
];

pub struct Cluster {
    pub name: &'static str,
    /// The monthly price (mongodb.com/pricing; 30 days, AWS, default disk).
    pub price: f64,
    /// The assumed capacity in operations per second. MongoDB publishes a figure for
    /// Flex only; the others are estimates.
    pub operations: f64,
    /// The connection limit (Atlas, "Connection Limits").
    pub connections: f64,
}

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
