//! What `RabbitMq::start` is given, in builds with and without RabbitMQ.

/// Which server to use.
#[derive(Default)]
#[cfg_attr(
    not(feature = "rabbitmq"),
    expect(dead_code, reason = "no broker is started in such a build")
)]
pub struct BrokerOptions<'a> {
    /// `RABBITMQ_URL` (`amqp://user:password@host:port/vhost`), or a private server.
    pub url: Option<&'a str>,
    /// `RABBITMQ_MANAGEMENT_URL` of that server. By default the management API is at
    /// RabbitMQ's own port for it, or, with TLS, at that of HTTPS.
    pub management_url: Option<String>,
    /// Whether a private server has the management API.
    pub has_management: bool,
}
