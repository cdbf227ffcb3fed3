//! Certificates of 127.0.0.1, and an authority that has signed them.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// Where a trunk takes TLS alone, what asks by UDP whether calls go through has one of its own.
pub(crate) const PROBE: &str =
    "[[sip_trunk]]\nname = \"probe\"\naddress = \"127.0.0.1:9\"\n# The dial plan.";

/// Writes `authority.pem`, and `NAME-certificate.pem` and `NAME-key.pem` for each name.
pub(crate) fn write<const N: usize>(folder: &Path, names: [&str; N]) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // OpenSSL takes a certificate whose issuer has its own name for its own authority.
    params
        .distinguished_name
        .push(DnType::CommonName, "authority");
    let authority = params.self_signed(&key).unwrap();
    fs::write(folder.join("authority.pem"), authority.pem()).unwrap();
    let issuer = Issuer::new(params, key);
    for name in names {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let file = |kind: &str| folder.join(format!("{name}-{kind}.pem"));
        fs::write(file("certificate"), certificate.pem()).unwrap();
        fs::write(file("key"), key.serialize_pem()).unwrap();
    }
}

/// The table `[sip.tls]` of the gateway with these files.
pub(crate) fn table(folder: &Path, name: &str) -> String {
    let folder = folder.display();
    format!(
        "[sip.tls]\ncertificate = \"{folder}/{name}-certificate.pem\"\n\
         key = \"{folder}/{name}-key.pem\"\nauthorities = \"{folder}/authority.pem\"\n"
    )
}
