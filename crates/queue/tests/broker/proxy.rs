//! A TCP proxy that cuts, freezes and refuses connections.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

#[derive(Default)]
struct State {
    refusing: bool,
    running: Vec<JoinHandle<()>>,
    /// Connections that are open and of which no byte gets through any more.
    frozen: Vec<(TcpStream, TcpStream)>,
}

pub struct Proxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    freeze: Arc<tokio::sync::Notify>,
}

impl Proxy {
    pub async fn start(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let freeze = Arc::new(tokio::sync::Notify::new());
        let (accepting, freezing) = (state.clone(), freeze.clone());
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (state, freezing) = (accepting.clone(), freezing.clone());
                let mut held = accepting.lock().await;
                if held.refusing {
                    continue;
                }
                let mut far = TcpStream::connect(&upstream).await.unwrap();
                held.running.push(tokio::spawn(async move {
                    let frozen = tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => false,
                        () = freezing.notified() => true,
                    };
                    if frozen {
                        state.lock().await.frozen.push((near, far));
                    }
                }));
            }
        });
        Self {
            address,
            state,
            freeze,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub async fn cut(&self) {
        for task in self.state.lock().await.running.drain(..) {
            task.abort();
        }
    }

    /// Leaves every connection open and carries nothing on it any more.
    pub async fn freeze(&self) {
        self.freeze.notify_waiters();
    }

    /// Closes every new connection at once, or no longer.
    pub async fn refuse(&self, refusing: bool) {
        self.state.lock().await.refusing = refusing;
    }
}
