//! A certificate authority of the runner's own, made once for each data folder, so
//! that functions can reach `https://{domainName}/{stage}`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::setup::private_file;

/// The names of this machine.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Where systems keep the certificates that they trust.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// The authority of one data folder.
pub struct Authority {
    certificate: PathBuf,
    bundle: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Reads the authority of the data folder, or makes one.
    ///
    /// # Errors
    /// If the folder cannot be read or written.
    pub fn open(data: &Path) -> anyhow::Result<Self> {
        let key_file = data.join("ca-key.pem");
        let certificate = data.join("ca.pem");
        let bundle = data.join("ca-bundle.pem");
        let existing = certificate
            .is_file()
            .then(|| std::fs::read_to_string(&key_file).ok());
        let issuer = if let Some(pem) = existing.flatten() {
            let key = KeyPair::from_pem(&pem)
                .with_context(|| format!("{} is damaged: delete it", key_file.display()))?;
            Issuer::new(parameters()?, key)
        } else {
            let key = KeyPair::generate()?;
            let own = parameters()?.self_signed(&key)?;
            private_file::write(&key_file, &key.serialize_pem())?;
            private_file::write(&certificate, &own.pem())?;
            Issuer::new(parameters()?, key)
        };
        let system = SYSTEM_BUNDLES
            .iter()
            .map(Path::new)
            .find(|path| path.is_file());
        let parts = [Some(certificate.as_path()), system];
        let newest = parts.into_iter().flatten().filter_map(modified).max();
        if modified(&bundle).is_none_or(|bundle| newest.is_none_or(|newest| bundle < newest)) {
            let texts: Result<Vec<_>, _> = parts
                .into_iter()
                .flatten()
                .map(std::fs::read_to_string)
                .collect();
            private_file::write(&bundle, &texts?.concat())?;
        }
        Ok(Self {
            certificate,
            bundle,
            issuer,
        })
    }

    /// The TLS configuration of a server on this machine.
    ///
    /// # Errors
    /// If no certificate can be made.
    pub fn server(&self) -> anyhow::Result<Arc<rustls::ServerConfig>> {
        let key = KeyPair::generate()?;
        let mut parameters = CertificateParams::new(NAMES.map(str::to_owned))?;
        parameters
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = parameters.signed_by(&key, &self.issuer)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// The files that [`variables`](Self::variables) name.
    pub fn files(&self) -> Vec<PathBuf> {
        vec![self.certificate.clone(), self.bundle.clone()]
    }

    /// The variables that make programs trust the authority: the ones of AWS's SDKs,
    /// OpenSSL, Python's requests, and Node.js. Except for the last, which adds to the
    /// built-in certificates, they name a bundle with the system's certificates.
    pub fn variables(&self) -> Vec<(String, String)> {
        let bundle = self.bundle.display().to_string();
        let own = self.certificate.display().to_string();
        [
            ("AWS_CA_BUNDLE", &bundle),
            ("SSL_CERT_FILE", &bundle),
            ("REQUESTS_CA_BUNDLE", &bundle),
            ("NODE_EXTRA_CA_CERTS", &own),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .to_vec()
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

fn parameters() -> anyhow::Result<CertificateParams> {
    let mut parameters = CertificateParams::new(Vec::new())?;
    parameters
        .distinguished_name
        .push(DnType::CommonName, "rehearse local authority");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_of_a_folder_stays_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let certificate = || {
            let authority = Authority::open(folder.path()).expect("it opens");
            authority.server().expect("a certificate");
            std::fs::read_to_string(&authority.certificate).expect("it is there")
        };
        assert_eq!(certificate(), certificate());
        let bundle = std::fs::read_to_string(folder.path().join("ca-bundle.pem"));
        assert!(bundle.expect("a bundle").starts_with(&certificate()));
    }
}
