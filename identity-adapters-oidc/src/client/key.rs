//! A client's private key and certificate, for signing client assertions.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::settings::{AssertionSettings, KeyFile, KeyId, Thumbprint};
use crate::algorithm::SigningAlgorithm;

enum Pair {
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// A private key, and the header parameters that identify it. It does not implement `Debug`, so that it cannot be
/// logged.
pub(crate) struct SigningKey {
    pair: Pair,
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) key_id: Option<String>,
    /// Name and value of the header parameter with the certificate thumbprint, `x5t` or `x5t#S256`.
    pub(crate) thumbprint: Option<(&'static str, String)>,
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
        let (pair, algorithm) = pair(&key, settings.algorithm)?;
        let certificate = match certificates.as_slice() {
            [] => None,
            some => {
                let own = some.iter().find(|certificate| is_of(certificate, pair.public()));
                Some(own.ok_or("none of the certificates matches the private key")?)
            }
        };
        let named = |name, bytes: &[u8]| Some((name, URL_SAFE_NO_PAD.encode(bytes)));
        let thumbprint = match (settings.thumbprint, certificate) {
            (Some(Thumbprint::None), _) | (None, None) => None,
            (Some(_), None) => return Err("a thumbprint requires a certificate".to_owned()),
            (wanted, Some(certificate)) => match wanted.unwrap_or(usual) {
                Thumbprint::None => None,
                Thumbprint::Sha1 => named("x5t", digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate).as_ref()),
                Thumbprint::Sha256 => named("x5t#S256", digest(&SHA256, certificate).as_ref()),
            },
        };
        let key_id = match &settings.key_id {
            None => None,
            Some(KeyId::Fixed(id)) => Some(id.clone()),
            Some(KeyId::PublicKeyDigest) => Some(URL_SAFE_NO_PAD.encode(digest(&SHA256, &pair.public_info()?))),
        };
        Ok(Self { pair, algorithm, key_id, thumbprint })
    }

    /// Returns the signature in JWS form (RFC 7518 §3). `None` if signing fails, for example because the system has no
    /// randomness.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            Pair::Ec(pair) => Some(pair.sign(&random, message).ok()?.as_ref().to_vec()),
            Pair::Ed(pair) => Some(pair.sign(message).as_ref().to_vec()),
        }
    }
}

impl Pair {
    /// Returns the public key as certificates contain it: RSAPublicKey, an uncompressed point, or the raw bytes.
    fn public(&self) -> &[u8] {
        match self {
            Self::Rsa(pair, _) => pair.public_key().as_ref(),
            Self::Ec(pair) => pair.public_key().as_ref(),
            Self::Ed(pair) => pair.public_key().as_ref(),
        }
    }

    /// Returns the public key as DER-encoded SubjectPublicKeyInfo (RFC 5280 §4.1).
    fn public_info(&self) -> Result<Vec<u8>, String> {
        let der: Result<PublicKeyX509Der<'_>, _> = match self {
            Self::Rsa(pair, _) => pair.public_key().as_der(),
            Self::Ec(pair) => pair.public_key().as_der(),
            Self::Ed(pair) => pair.public_key().as_der(),
        };
        der.map(|der| der.as_ref().to_vec()).map_err(|_| "the key has no public key".to_owned())
    }
}

/// Parses a private key for the `wanted` algorithm, or for the default algorithm of its key type.
fn pair(der: &PrivateKeyDer<'_>, wanted: Option<SigningAlgorithm>) -> Result<(Pair, SigningAlgorithm), String> {
    use SigningAlgorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    let rsa: Option<(&'static dyn RsaEncoding, _)> = match wanted {
        None | Some(Rs256) => Some((&RSA_PKCS1_SHA256, Rs256)),
        Some(Rs384) => Some((&RSA_PKCS1_SHA384, Rs384)),
        Some(Rs512) => Some((&RSA_PKCS1_SHA512, Rs512)),
        Some(Ps256) => Some((&RSA_PSS_SHA256, Ps256)),
        Some(Ps384) => Some((&RSA_PSS_SHA384, Ps384)),
        Some(Ps512) => Some((&RSA_PSS_SHA512, Ps512)),
        Some(Es256 | Es384 | Es512 | EdDsa) => None,
    };
    let curves: [(&'static EcdsaSigningAlgorithm, _); 3] = [
        (&ECDSA_P256_SHA256_FIXED_SIGNING, Es256),
        (&ECDSA_P384_SHA384_FIXED_SIGNING, Es384),
        (&ECDSA_P521_SHA512_FIXED_SIGNING, Es512),
    ];
    let may_be = |algorithm| wanted.is_none_or(|wanted| wanted == algorithm);
    let mut curves = curves.into_iter().filter(|(_, algorithm)| may_be(*algorithm));
    let found = match der {
        PrivateKeyDer::Pkcs1(key) => rsa.and_then(|(encoding, algorithm)| {
            let pair = RsaKeyPair::from_der(key.secret_pkcs1_der()).ok()?;
            Some((Pair::Rsa(Box::new(pair), encoding), algorithm))
        }),
        PrivateKeyDer::Sec1(key) => curves.find_map(|(curve, algorithm)| {
            let pair = EcdsaKeyPair::from_private_key_der(curve, key.secret_sec1_der()).ok()?;
            Some((Pair::Ec(pair), algorithm))
        }),
        PrivateKeyDer::Pkcs8(key) => {
            let key = key.secret_pkcs8_der();
            let of_rsa = rsa.and_then(|(encoding, algorithm)| {
                let pair = RsaKeyPair::from_pkcs8(key).ok()?;
                Some((Pair::Rsa(Box::new(pair), encoding), algorithm))
            });
            let of_curve = || {
                curves.find_map(|(curve, algorithm)| {
                    EcdsaKeyPair::from_pkcs8(curve, key).ok().map(|pair| (Pair::Ec(pair), algorithm))
                })
            };
            let of_edwards = || {
                let pair = may_be(EdDsa).then(|| Ed25519KeyPair::from_pkcs8(key).ok()).flatten()?;
                Some((Pair::Ed(pair), EdDsa))
            };
            of_rsa.or_else(of_curve).or_else(of_edwards)
        }
        _ => None,
    };
    found.ok_or_else(|| match wanted {
        Some(algorithm) => format!("the key is too weak or not suitable for {algorithm}"),
        None => "the key is too weak or its type is not supported".to_owned(),
    })
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
