//! A client's private key and certificate, for signing client assertions.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header};
use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
use pkcs8::PrivateKeyInfoRef;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;

use super::settings::{AssertionSettings, KeyFile, KeyId, Thumbprint};
use crate::algorithm::{KeyKind, SigningAlgorithm};

/// A private key, and the header of the tokens that it signs. It does not implement `Debug`, so that it cannot be
/// logged.
pub(crate) struct SigningKey {
    signer: Signer,
    header: Header,
}

enum Signer {
    /// Key of `jsonwebtoken`, for the algorithm of the header.
    Jwt(EncodingKey),
    /// Key for `ES512`, which `jsonwebtoken` does not support.
    P521(EcdsaKeyPair),
}

impl SigningKey {
    /// Reads a key from `contents`, the contents of the files of `settings` in the order of [`files`](KeyFile). `usual`
    /// is the default thumbprint of the provider kind.
    pub(crate) fn read(contents: &[Vec<u8>], settings: &AssertionSettings, usual: Thumbprint) -> Result<Self, String> {
        let (key, certificates) = match (&settings.key, contents) {
            (KeyFile::Pem { .. }, [key, certificates @ ..]) => {
                let key = PrivateKeyDer::from_pem_slice(key);
                let key = key.map_err(|_| "the file must contain an unencrypted private key in PEM".to_owned())?;
                (key, certificates_in(certificates)?)
            }
            (KeyFile::Pkcs12 { password, alias, .. }, [file]) => pkcs12(file, password.expose(), alias.as_deref())?,
            _ => return Err("no key file".to_owned()),
        };
        let pair = Pair::read(&key, settings.algorithm)?;
        let certificate = match certificates.as_slice() {
            [] => None,
            some => {
                let own = some.iter().find(|certificate| is_of(certificate, &pair.public));
                Some(own.ok_or("none of the certificates matches the private key")?)
            }
        };
        let encoded = |bytes: &[u8]| Some(URL_SAFE_NO_PAD.encode(bytes));
        // The algorithm of the header is replaced when a token is signed with `ES512`.
        let mut header = Header::new(pair.algorithm.jwt().unwrap_or_default());
        match (settings.thumbprint, certificate) {
            (Some(Thumbprint::None), _) | (None, None) => {}
            (Some(_), None) => return Err("a thumbprint requires a certificate".to_owned()),
            (wanted, Some(certificate)) => match wanted.unwrap_or(usual) {
                Thumbprint::None => {}
                Thumbprint::Sha1 => header.x5t = encoded(digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate).as_ref()),
                Thumbprint::Sha256 => header.x5t_s256 = encoded(digest(&SHA256, certificate).as_ref()),
            },
        }
        header.kid = match &settings.key_id {
            None => None,
            Some(KeyId::Fixed(id)) => Some(id.clone()),
            Some(KeyId::PublicKeyDigest) => encoded(digest(&SHA256, &pair.info).as_ref()),
        };
        Ok(Self { signer: pair.signer, header })
    }

    /// Returns the claims as a signed token. `None` if signing fails, for example because the system has no randomness.
    pub(crate) fn sign(&self, claims: &Value) -> Option<String> {
        match &self.signer {
            Signer::Jwt(key) => jsonwebtoken::encode(&self.header, claims, key).ok(),
            Signer::P521(pair) => {
                let mut header = serde_json::to_value(&self.header).ok()?;
                *header.get_mut("alg")? = Value::from(SigningAlgorithm::Es512.name());
                let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
                let signed = format!("{}.{}", part(&header), part(claims));
                let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
                Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
            }
        }
    }
}

/// A private key with its public key.
struct Pair {
    signer: Signer,
    algorithm: SigningAlgorithm,
    /// Public key as certificates contain it: RSAPublicKey, an uncompressed point, or the raw bytes.
    public: Vec<u8>,
    /// Public key as DER-encoded SubjectPublicKeyInfo (RFC 5280 §4.1).
    info: Vec<u8>,
}

impl Pair {
    /// Parses a private key for the `wanted` algorithm, or for the default algorithm of its key type.
    fn read(der: &PrivateKeyDer<'_>, wanted: Option<SigningAlgorithm>) -> Result<Self, String> {
        let found = match der {
            PrivateKeyDer::Pkcs1(key) => {
                let key = key.secret_pkcs1_der();
                Self::rsa(RsaKeyPair::from_der(key), key, wanted)
            }
            PrivateKeyDer::Sec1(key) => Self::ec(EcdsaKeyPair::from_private_key_der, key.secret_sec1_der(), wanted),
            PrivateKeyDer::Pkcs8(key) => {
                let key = key.secret_pkcs8_der();
                let content = PrivateKeyInfoRef::try_from(key).ok();
                content
                    .and_then(|content| Self::rsa(RsaKeyPair::from_pkcs8(key), content.private_key.as_bytes(), wanted))
                    .or_else(|| Self::ec(EcdsaKeyPair::from_pkcs8, key, wanted))
                    .or_else(|| Self::ed25519(key, wanted))
            }
            _ => None,
        };
        found.ok_or_else(|| match wanted {
            Some(algorithm) => format!("the key is too weak or not suitable for {algorithm}"),
            None => "the key is too weak or its type is not supported".to_owned(),
        })
    }

    fn new(
        signer: Signer,
        algorithm: SigningAlgorithm,
        public: &(impl AsRef<[u8]> + AsDer<PublicKeyX509Der<'static>>),
    ) -> Option<Self> {
        let info = public.as_der().ok()?.as_ref().to_vec();
        Some(Self { signer, algorithm, public: public.as_ref().to_vec(), info })
    }

    /// Checks an RSA key. `jsonwebtoken` signs with its PKCS#1 form.
    fn rsa(pair: Result<RsaKeyPair, KeyRejected>, pkcs1: &[u8], wanted: Option<SigningAlgorithm>) -> Option<Self> {
        let algorithm = wanted.unwrap_or(SigningAlgorithm::Rs256);
        let fits = matches!(algorithm.key_kind(), KeyKind::Rsa);
        let signer = Signer::Jwt(EncodingKey::from_rsa_der(pkcs1));
        Self::new(signer, algorithm, pair.ok().filter(|_| fits)?.public_key())
    }

    fn ec(
        read: impl Fn(&'static EcdsaSigningAlgorithm, &[u8]) -> Result<EcdsaKeyPair, KeyRejected>,
        key: &[u8],
        wanted: Option<SigningAlgorithm>,
    ) -> Option<Self> {
        let curves: [(&'static EcdsaSigningAlgorithm, _); 3] = [
            (&ECDSA_P256_SHA256_FIXED_SIGNING, SigningAlgorithm::Es256),
            (&ECDSA_P384_SHA384_FIXED_SIGNING, SigningAlgorithm::Es384),
            (&ECDSA_P521_SHA512_FIXED_SIGNING, SigningAlgorithm::Es512),
        ];
        let mut curves = curves.into_iter().filter(|(_, algorithm)| wanted.is_none_or(|wanted| wanted == *algorithm));
        let (pair, algorithm) = curves.find_map(|(curve, algorithm)| Some((read(curve, key).ok()?, algorithm)))?;
        let public = pair.public_key().clone();
        let signer = match algorithm.jwt() {
            Some(_) => Signer::Jwt(EncodingKey::from_ec_der(pair.to_pkcs8v1().ok()?.as_ref())),
            None => Signer::P521(pair),
        };
        Self::new(signer, algorithm, &public)
    }

    fn ed25519(pkcs8: &[u8], wanted: Option<SigningAlgorithm>) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
        let fits = wanted.is_none_or(|wanted| wanted == SigningAlgorithm::EdDsa);
        let signer = Signer::Jwt(EncodingKey::from_ed_der(pkcs8));
        fits.then(|| Self::new(signer, SigningAlgorithm::EdDsa, pair.public_key()))?
    }
}

fn certificates_in(files: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, String> {
    let mut found = Vec::new();
    for certificate in files.iter().flat_map(|file| CertificateDer::pem_slice_iter(file)) {
        found.push(certificate.map_err(|_| "the certificate is not valid PEM".to_owned())?.to_vec());
    }
    if found.is_empty() && !files.is_empty() {
        Err("the file must contain a certificate in PEM".to_owned())
    } else {
        Ok(found)
    }
}

/// Returns the private key with the given alias, or the only one, and its certificate chain.
fn pkcs12(file: &[u8], password: &str, alias: Option<&str>) -> Result<(PrivateKeyDer<'static>, Vec<Vec<u8>>), String> {
    // Errors of the library are omitted: they could contain parts of the decrypted content.
    let store = KeyStore::from_pkcs12(file, password, Pkcs12ImportPolicy::Relaxed)
        .map_err(|_| "the file is not PKCS#12, or the password is wrong".to_owned())?;
    let mut chains = store.entries().filter_map(|(name, entry)| match entry {
        KeyStoreEntry::PrivateKeyChain(chain) if alias.is_none_or(|alias| alias == name) => Some(chain),
        _ => None,
    });
    match (chains.next(), chains.next(), alias) {
        (Some(chain), None, _) => {
            let key = PrivateKeyDer::Pkcs8(chain.key().as_der().to_vec().into());
            Ok((key, chain.certs().iter().map(|certificate| certificate.as_der().to_vec()).collect()))
        }
        (None, _, Some(_)) => Err("the file contains no private key with this alias".to_owned()),
        (None, _, None) => Err("the file contains no private key".to_owned()),
        (Some(_), Some(_), _) => Err("the file contains several private keys; select one by its alias".to_owned()),
    }
}

/// Whether the DER encoding of a certificate contains this public key.
fn is_of(certificate: &[u8], public: &[u8]) -> bool {
    certificate.windows(public.len().max(1)).any(|window| window == public)
}

impl KeyFile {
    /// Returns the files to read: the key, then the certificate if it has a file of its own.
    pub(crate) fn files(&self) -> Vec<std::path::PathBuf> {
        match self {
            Self::Pem { key, certificate } => std::iter::once(key).chain(certificate).cloned().collect(),
            Self::Pkcs12 { file, .. } => vec![file.clone()],
        }
    }
}
