//! Certificates in files, for tests of TLS.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use std::path::PathBuf;
use tempfile::TempDir;

/// A directory with `ca.pem`, and certificates that it issued with their keys.
pub struct Pki {
    dir: TempDir,
    ca: CertifiedIssuer<'static, KeyPair>,
}

impl Pki {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Test CA");
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let pki = Self { dir: tempfile::tempdir().unwrap(), ca };
        pki.write("ca.pem", &pki.ca.pem());
        pki.write("ca.key", &pki.ca.key().serialize_pem());
        for (name, names, until) in [
            ("server", vec!["localhost", "127.0.0.1", "example.org"], 2090),
            ("other", vec!["a.example", "b.example"], 2090),
            ("expired", vec!["localhost"], 2020),
            ("client", vec!["client.example"], 2090),
        ] {
            pki.issue(name, &names, until);
        }
        pki
    }

    fn issue(&self, file: &str, names: &[&str], until: i32) {
        self.issue_to(file, file, names, until);
    }

    /// A certificate for localhost whose subject is `subject`, with a name as long as a certificate may have.
    #[allow(dead_code)] // not every test has a use for it
    pub fn hostile(&self, file: &str, subject: &str) {
        let label = "x".repeat(60);
        let long = [label.as_str(); 4].join(".");
        let mut names = vec!["localhost"];
        names.extend([long.as_str(); 200]);
        self.issue_to(file, subject, &names, 2090);
    }

    fn issue_to(&self, file: &str, subject: &str, names: &[&str], until: i32) {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, subject);
        params.not_before = date_time_ymd(2010, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.ca).unwrap();
        self.write(&format!("{file}.pem"), &format!("{}{}", cert.pem(), key.serialize_pem()));
        self.write(&format!("{file}.crt"), &cert.pem());
        self.write(&format!("{file}.key"), &key.serialize_pem());
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }
}
