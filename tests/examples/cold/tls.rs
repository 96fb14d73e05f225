//! A TLS-terminating proxy with its own certificate authority and a certificate for
//! `localhost`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// An authority and a certificate that it issued.
pub struct Authority {
    folder: TempDir,
    acceptor: TlsAcceptor,
}

impl Authority {
    /// Creates an authority and a certificate.
    pub fn new() -> anyhow::Result<Self> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let names = vec!["localhost".to_owned()];
        let certificate = CertificateParams::new(names)?.signed_by(&key, &authority)?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("ca.pem"), authority.pem())?;
        let key = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|fault| anyhow::anyhow!("the key: {fault}"))?;
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { folder, acceptor })
    }

    /// The file with the authority's certificate.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Starts a proxy in front of `target`; returns its port.
    pub async fn proxy(&self, target: SocketAddr) -> anyhow::Result<u16> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("a free port")?;
        let port = listener.local_addr()?.port();
        let acceptor = self.acceptor.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(acceptor.clone(), client, target));
            }
        });
        Ok(port)
    }
}

async fn pass(acceptor: TlsAcceptor, client: TcpStream, target: SocketAddr) {
    let _ = client.set_nodelay(true);
    let Ok(mut client) = acceptor.accept(client).await else {
        return;
    };
    let Ok(mut server) = TcpStream::connect(target).await else {
        return;
    };
    let _ = server.set_nodelay(true);
    let _ = copy_bidirectional(&mut client, &mut server).await;
}
