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

use crate::config::{self, Config, SipTrunk, Verify};
use crate::sip::{Identity, Transport};

/// Why TLS cannot be spoken as configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or does not hold what it should.
    #[error("{}: {error}, expected {expected}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        error: pem::Error,
        /// What it should hold.
        expected: &'static str,
    },
    /// The certificate and the key do not fit, or an authority cannot be used.
    #[error("{}: {error}", .path.display())]
    Unusable {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// A name of a trunk that no certificate could hold.
    #[error("SIP trunk {trunk}: `{name}` is neither a host name nor an address")]
    Name {
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
        let chain = certificates(&files.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| TlsError::File {
            path: files.key.clone(),
            error,
            expected: "a private key as PEM",
        })?;
        let unusable = |path: &Path| {
            let path = path.to_owned();
            move |error: String| TlsError::Unusable { path, error }
        };
        let mut roots = RootCertStore::empty();
        for authority in certificates(&files.authorities)? {
            let added = roots.add(authority).map_err(|error| error.to_string());
            added.map_err(unusable(&files.authorities))?;
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
            .map_err(unusable(&files.certificate))?;
        let server = if asks {
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
                    // Whether a trunk needs one is decided when its requests come.
                    .allow_unauthenticated()
                    .build()
                    .map_err(|error| error.to_string())
                    .map_err(unusable(&files.authorities))?;
            versions.with_client_cert_verifier(verifier)
        } else {
            versions.with_no_client_auth()
        };
        let server = server
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(|error| error.to_string())
            .map_err(unusable(&files.certificate))?;
        let inner = WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
            .build()
            .map_err(|error| error.to_string())
            .map_err(unusable(&files.authorities))?;
        let mut clients = Vec::new();
        let mut names = Vec::new();
        for trunk in trunks {
            let mut own = Vec::new();
            for name in trunk.tls_names() {
                let parsed = ServerName::try_from(name.clone()).map_err(|_| TlsError::Name {
                    trunk: trunk.name.clone(),
                    name: name.clone(),
                })?;
                own.push(parsed.clone());
                names.push((name, parsed));
            }
            let Some(first) = own.first().cloned() else {
                continue;
            };
            let verifier = PeerVerifier {
                inner: inner.clone(),
                provider: provider.clone(),
                names: own,
                verify: trunk.tls.verify,
            };
            let client = ClientConfig::builder_with_provider(provider.clone())
                .with_safe_default_protocol_versions()
                .map_err(|error| error.to_string())
                .map_err(unusable(&files.certificate))?
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
                .with_client_auth_cert(chain.clone(), key.clone_key())
                .map_err(|error| error.to_string())
                .map_err(unusable(&files.certificate))?;
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

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |error| TlsError::File {
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
