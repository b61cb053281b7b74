//! Key sets (RFC 7517 §5): the keys that can verify an issuer's signatures, parsed once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use crate::algorithm::{KeyKind, SigningAlgorithm};

/// Sizes of RSA keys in bits that are used: below, they are too weak (RFC 7518 §3.3); above, too slow.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A key for one algorithm. A published key that names no algorithm becomes one of these for each that it fits.
pub(crate) struct Key {
    kid: Option<String>,
    algorithm: SigningAlgorithm,
    public: ParsedPublicKey,
    retired: AtomicBool,
}

impl Key {
    pub(crate) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        self.public.verify_sig(signed, signature).is_ok()
    }

    /// Whether its issuer no longer publishes it.
    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.kid == other.kid && self.is_same_material(other)
    }

    pub(crate) fn is_same_material(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.public.as_ref() == other.public.as_ref()
    }
}

/// The usable keys of one key set.
pub(crate) struct KeySet(Vec<Arc<Key>>);

impl KeySet {
    /// Reads a key set. Keys of unknown kind, for encryption, too weak, damaged or of an algorithm that is not in `allowed`
    /// are left out (RFC 7517 §5).
    pub(crate) fn parse(body: &[u8], allowed: &[SigningAlgorithm]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let document: Document = serde_json::from_slice(body)?;
        let published = document.keys.into_iter().filter_map(|key| Jwk::deserialize(key).ok());
        Ok(Self(published.flat_map(|jwk| jwk.keys(allowed)).map(Arc::new).collect()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys for `algorithm`: those named `kid`, or all when the token names none.
    pub(crate) fn candidates<'s>(
        &'s self,
        kid: Option<&'s str>,
        algorithm: SigningAlgorithm,
    ) -> impl Iterator<Item = &'s Arc<Key>> {
        let named = move |key: &Key| kid.is_none() || key.kid.as_deref() == kid;
        self.0.iter().filter(move |key| key.algorithm == algorithm && named(key))
    }

    /// This set in place of `former`: keys in both stay the same object, keys that are gone are marked as retired.
    pub(crate) fn replacing(self, former: &Self) -> Self {
        let keys = self.0.into_iter().map(|key| former.0.iter().find(|old| old.is_same(&key)).cloned().unwrap_or(key));
        let keys: Vec<_> = keys.collect();
        for old in former.0.iter().filter(|old| !keys.iter().any(|key| Arc::ptr_eq(key, old))) {
            old.retired.store(true, Ordering::Relaxed);
        }
        Self(keys)
    }
}

/// A published key (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwk {
    fn keys(self, allowed: &[SigningAlgorithm]) -> Vec<Key> {
        let signs = self.usage.as_deref().is_none_or(|usage| usage == "sig");
        let verifies = self.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|name| name == "verify"));
        if !signs || !verifies {
            return Vec::new();
        }
        let declared = |algorithm| self.alg.as_ref().is_none_or(|name| name.parse() == Ok(algorithm));
        let fitting = allowed.iter().copied().filter(|algorithm| declared(*algorithm));
        let key = |algorithm: SigningAlgorithm| {
            let public = self.public(algorithm.key_kind())?;
            Some(Key { kid: self.kid.clone(), algorithm, public, retired: AtomicBool::new(false) })
        };
        fitting.filter_map(key).collect()
    }

    fn public(&self, kind: KeyKind) -> Option<ParsedPublicKey> {
        let curve = |name| self.crv.as_deref() == Some(name);
        match (kind, self.kty.as_str()) {
            (KeyKind::Rsa(parameters), "RSA") => {
                let (n, e) = (unsigned(self.n.as_ref())?, unsigned(self.e.as_ref())?);
                let bits = n.len() * 8 - usize::try_from(n.first()?.leading_zeros()).ok()?;
                let good_exponent = e.as_slice() != [1] && e.last()? % 2 == 1; // RFC 8017 §3.1
                let components = RsaPublicKeyComponents { n, e };
                (good_exponent && RSA_BITS.contains(&bits))
                    .then(|| components.to_parsed_public_key(parameters).ok())
                    .flatten()
            }
            (KeyKind::Ec(name, length, algorithm), "EC") if curve(name) => {
                let (x, y) = (binary(self.x.as_ref())?, binary(self.y.as_ref())?);
                let point = [&[4], x.as_slice(), y.as_slice()].concat(); // uncompressed, SEC 1 §2.3.3
                let whole = x.len() == length && y.len() == length;
                whole.then(|| ParsedPublicKey::new(algorithm, point).ok()).flatten()
            }
            (KeyKind::Ed25519, "OKP") if curve("Ed25519") => {
                ParsedPublicKey::new(&ED25519, binary(self.x.as_ref())?).ok()
            }
            _ => None,
        }
    }
}

fn binary(text: Option<&String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

/// A big-endian number; some providers publish leading zeros, which RFC 7518 §2 forbids.
fn unsigned(text: Option<&String>) -> Option<Vec<u8>> {
    Some(binary(text)?.into_iter().skip_while(|byte| *byte == 0).collect())
}
