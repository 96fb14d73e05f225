//! The clients that the authentication functions hold.

use crypto::Pepper;
use env::Variables;
use queue::Queue;
use store::Store;

/// Configuration of the database, the broker and the pepper.
pub struct Settings {
    store: store::Settings,
    queue: queue::Settings,
    pepper: Pepper,
}

impl Settings {
    /// Reads the variables of the database, the broker and the pepper.
    pub fn from_variables(variables: &mut Variables) -> Self {
        Self {
            store: store::Settings::from_variables(variables),
            queue: queue::Settings::from_variables(variables),
            pepper: Pepper::from_variables(variables),
        }
    }
}

/// The connected clients. A function moves them into fields of its own.
pub struct Services {
    pub store: Store,
    pub queue: Queue,
    /// One-time codes and second factors, on the two above.
    pub auth: Auth,
}

impl Services {
    /// Connects to the database and the broker at the same time.
    pub async fn connect(settings: Settings) -> store::Result<Self> {
        let (store, queue) = tokio::join!(
            Store::connect(settings.store),
            Queue::connect(settings.queue)
        );
        let store = store?;
        Ok(Self {
            auth: Auth {
                store: store.clone(),
                queue: queue.clone(),
                pepper: settings.pepper,
            },
            store,
            queue,
        })
    }
}

/// Emails and checks one-time codes, and checks second factors.
pub struct Auth {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) pepper: Pepper,
}

impl Auth {
    /// The key that codes are hashed and TOTP secrets are sealed with.
    pub fn pepper(&self) -> &Pepper {
        &self.pepper
    }
}
