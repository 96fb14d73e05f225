//! The interfaces of services that this build does not contain. Starting one is an
//! error that names its feature.

/// The interface of RabbitMQ.
#[cfg(not(feature = "rabbitmq"))]
pub mod rabbitmq {
    use std::convert::Infallible;
    use std::path::Path;

    use anyhow::bail;

    use crate::services::broker_options::BrokerOptions;

    /// Never exists.
    pub struct RabbitMq(Infallible);

    impl RabbitMq {
        /// # Errors
        /// Always.
        pub async fn start(
            _options: BrokerOptions<'_>,
            _data: &Path,
            _username: &str,
            _password: &str,
        ) -> anyhow::Result<Self> {
            bail!("this build of rehearse has no RabbitMQ: build it with --features rabbitmq")
        }

        /// The endpoint.
        pub fn endpoint(&self) -> &str {
            match self.0 {}
        }

        /// The URL of the management API.
        pub fn management_url(&self) -> &str {
            match self.0 {}
        }

        /// The user name.
        pub fn username(&self) -> &str {
            match self.0 {}
        }

        /// The password.
        pub fn password(&self) -> &str {
            match self.0 {}
        }

        /// The virtual host.
        pub fn virtual_host(&self) -> &str {
            match self.0 {}
        }

        /// Stops the server.
        pub async fn stop(self) {
            match self.0 {}
        }
    }
}

/// The interface of the mail inbox.
#[cfg(not(feature = "inbox"))]
pub mod smtp_inbox {
    use std::convert::Infallible;
    use std::net::SocketAddr;

    use anyhow::bail;
    use axum::Router;

    /// Never exists.
    pub struct Inbox(Infallible);

    impl Inbox {
        /// # Errors
        /// Always.
        pub async fn start(_address: SocketAddr) -> anyhow::Result<Self> {
            bail!("this build of rehearse has no mail inbox: build it with --features inbox")
        }

        /// The address of the server.
        pub fn smtp_url(&self) -> String {
            match self.0 {}
        }

        /// The pages of the inbox.
        pub fn router(&self) -> Router {
            match self.0 {}
        }
    }
}

/// The interface of MongoDB.
#[cfg(not(feature = "mongodb"))]
pub mod mongodb {
    use std::convert::Infallible;
    use std::path::Path;

    use anyhow::bail;

    use crate::services::database_storage::Storage;

    /// Never exists.
    pub struct MongoDb(Infallible);

    impl MongoDb {
        /// # Errors
        /// Always.
        pub async fn start(
            _uri: Option<&str>,
            _data: &Path,
            _storage: Storage,
            _database: &str,
        ) -> anyhow::Result<Self> {
            bail!("this build of rehearse has no MongoDB: build it with --features mongodb")
        }

        /// The connection string.
        pub fn uri(&self) -> &str {
            match self.0 {}
        }

        /// Stops the server.
        pub async fn stop(self) {
            match self.0 {}
        }
    }
}

/// The interface of the page.
#[cfg(not(feature = "page"))]
pub mod page {
    use std::convert::Infallible;
    use std::path::Path;

    use anyhow::bail;
    use axum::body::Body;
    use axum::http::Response;
    use axum::http::request::Parts;

    /// Never exists.
    #[derive(Clone)]
    pub struct Page(Infallible);

    impl Page {
        /// # Errors
        /// Always.
        pub fn open(_folder: &Path, _release: bool) -> anyhow::Result<Self> {
            bail!("this build of rehearse serves no page: build it with --features page")
        }

        /// The response to a request.
        pub async fn answer(&self, _request: &Parts) -> Response<Body> {
            match self.0 {}
        }
    }
}
