//! TLS for SIP: our certificate, and who is believed to be whom (RFC 3261 §26.3, RFC 5922).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use tokio_rustls::rustls::{
    self, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig,
    SignatureScheme,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::config::{self, Config, Misfit, SipTrunk, Verify};
use crate::sip::{Identity, Transport};

/// Why TLS cannot be spoken as configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or does not hold what it should.
    #[error("{}: {error}, expected {expected}", .path.display())]
    File {
        /// Its key in `[sip.tls]`.
        key: &'static str,
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        error: pem::Error,
        /// What it should hold.
        expected: &'static str,
    },
    /// The certificate and the key do not fit, or an authority cannot be used.
    #[error("{}: {error}, expected {expected}", .path.display())]
    Unusable {
        /// Its key in `[sip.tls]`.
        key: &'static str,
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// Why.
        error: String,
    },
    /// A name of a trunk that no certificate could hold.
    #[error("SIP trunk {trunk}: `{name}` is neither a host name nor an address")]
    Name {
        /// Its place among the SIP trunks.
        index: usize,
        /// The trunk.
        trunk: String,
        /// The name.
        name: String,
    },
}

/// Everything that a TLS connection needs.
pub struct Tls {
    acceptor: TlsAcceptor,
    /// One for each SIP trunk, in the order of the configuration.
    clients: Vec<Client>,
    /// The names of all trunks.
    names: Vec<(String, ServerName<'static>)>,
}

/// What a connection to a SIP trunk needs.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) connector: TlsConnector,
    /// The name that is asked for (server name indication).
    pub(super) name: ServerName<'static>,
    /// The certificate of the peer is verified.
    pub(super) verifies: bool,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files of `[sip.tls]`; `None` without that table.
    ///
    /// # Errors
    /// [`TlsError`] says which file, and why.
    pub fn load(config: &Config) -> Result<Option<Self>, TlsError> {
        match &config.sip.tls {
            Some(tls) => Self::read(tls, &config.sip_trunks).map(Some),
            None => Ok(None),
        }
    }

    fn read(files: &config::Tls, trunks: &[SipTrunk]) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let chain = certificates("certificate", &files.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| TlsError::File {
            key: "key",
            path: files.key.clone(),
            error,
            expected: "a private key as PEM",
        })?;
        let unusable = |key, path: &Path, expected| {
            let path = path.to_owned();
            move |error: String| TlsError::Unusable {
                key,
                path,
                expected,
                error,
            }
        };
        let own = || {
            let expected = "a certificate that can be used, of the private key in `key`";
            unusable("certificate", &files.certificate, expected)
        };
        let theirs = || {
            let expected = "certificates of authorities";
            unusable("authorities", &files.authorities, expected)
        };
        let mut roots = RootCertStore::empty();
        for authority in certificates("authorities", &files.authorities)? {
            let added = roots.add(authority).map_err(|error| error.to_string());
            added.map_err(theirs())?;
        }
        let roots = Arc::new(roots);
        let secure = |trunk: &&SipTrunk| trunk.transport == Some(Transport::Tls);
        let asks = trunks
            .iter()
            .filter(secure)
            .any(|trunk| trunk.tls.verify != Verify::Off);
        let versions = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())
            .map_err(own())?;
        let server = if asks {
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
                    // Whether a trunk needs one is decided when its requests come.
                    .allow_unauthenticated()
                    .build()
                    .map_err(|error| error.to_string())
                    .map_err(theirs())?;
            versions.with_client_cert_verifier(verifier)
        } else {
            versions.with_no_client_auth()
        };
        let server = server
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(|error| error.to_string())
            .map_err(own())?;
        let inner = WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
            .build()
            .map_err(|error| error.to_string())
            .map_err(theirs())?;
        let mut clients = Vec::new();
        let mut names = Vec::new();
        for (index, trunk) in trunks.iter().enumerate() {
            let mut accepted = Vec::new();
            for name in trunk.tls_names() {
                let parsed = ServerName::try_from(name.clone()).map_err(|_| TlsError::Name {
                    index,
                    trunk: trunk.name.clone(),
                    name: name.clone(),
                })?;
                accepted.push(parsed.clone());
                names.push((name, parsed));
            }
            let Some(first) = accepted.first().cloned() else {
                continue;
            };
            let verifier = PeerVerifier {
                inner: inner.clone(),
                provider: provider.clone(),
                names: accepted,
                verify: trunk.tls.verify,
            };
            let client = ClientConfig::builder_with_provider(provider.clone())
                .with_safe_default_protocol_versions()
                .map_err(|error| error.to_string())
                .map_err(own())?
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
                .with_client_auth_cert(chain.clone(), key.clone_key())
                .map_err(|error| error.to_string())
                .map_err(own())?;
            clients.push(Client {
                connector: TlsConnector::from(Arc::new(client)),
                name: first,
                verifies: trunk.tls.verify != Verify::Off,
            });
        }
        names.sort_by(|(one, _), (other, _)| one.cmp(other));
        names.dedup();
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(server)),
            clients,
            names,
        })
    }

    /// For connections that peers open.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// For a connection to a trunk.
    pub(super) fn client(&self, trunk: usize) -> Option<Client> {
        self.clients.get(trunk).cloned()
    }

    /// Who a verified certificate is of.
    pub(super) fn identity(&self, shown: Option<&[CertificateDer<'_>]>) -> Identity {
        let certificate = ParsedCertificate::try_from(shown?.first()?).ok()?;
        let is_right = |name: &ServerName<'_>| verify_server_name(&certificate, name).is_ok();
        let names = self.names.iter().filter(|(_, name)| is_right(name));
        Some(names.map(|(name, _)| name.clone()).collect())
    }
}

/// What of a configuration no TLS connection can be made with: `isthmus check` and `isthmus run`
/// tell it with its line.
#[must_use]
pub fn misfit(config: &Config) -> Option<Misfit> {
    let error = Tls::load(config).err()?;
    let message = match &error {
        TlsError::File { path, error, .. } => format!("{}: {error}", path.display()),
        TlsError::Unusable { path, error, .. } => format!("{}: {error}", path.display()),
        TlsError::Name { .. } => error.to_string(),
    };
    let (key, expected) = match error {
        TlsError::File { key, expected, .. } | TlsError::Unusable { key, expected, .. } => {
            (format!("sip.tls.{key}"), format!("a file with {expected}"))
        }
        TlsError::Name { index, .. } => (
            format!("sip_trunk.{index}.tls.names"),
            "host names and addresses that certificates may hold".to_owned(),
        ),
    };
    Some(Misfit {
        key,
        message,
        expected,
    })
}

fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |error| TlsError::File {
        key,
        path: path.to_owned(),
        error,
        expected: "certificates as PEM",
    };
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(wrong)?
        .collect::<Result<_, _>>()
        .map_err(wrong)?;
    if found.is_empty() {
        return Err(wrong(pem::Error::NoItemsFound));
    }
    Ok(found)
}

/// Verifies the certificate of a trunk's server by what the trunk asks for.
#[derive(Debug)]
struct PeerVerifier {
    inner: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
    names: Vec<ServerName<'static>>,
    verify: Verify,
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        asked: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.verify == Verify::Off {
            return Ok(ServerCertVerified::assertion());
        }
        let mut refused = None;
        for name in self.names.iter().chain([asked]) {
            match self
                .inner
                .verify_server_cert(end_entity, intermediates, name, ocsp, now)
            {
                Ok(verified) => return Ok(verified),
                // The chain was verified before the name.
                Err(error) if self.verify == Verify::Authority && is_about_the_name(&error) => {
                    return Ok(ServerCertVerified::assertion());
                }
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.unwrap_or(rustls::Error::NoCertificatesPresented))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn is_about_the_name(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}
