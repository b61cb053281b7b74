//! JSON Web Key Sets (RFC 7517 §5): parsed public keys that verify an issuer's signatures.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::jwk::{KeyOperations, PublicKeyUse};
use serde::Deserialize;
use serde_json::Value;

use crate::algorithm::{KeyKind, SigningAlgorithm};
use crate::http::excerpt;

/// Accepted sizes of RSA keys in bits. Smaller keys are too weak (RFC 7518 §3.3), larger ones too slow.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Lenient base64url, as providers write it: with or without padding, and with any trailing bits.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A public key for one algorithm. A published key without `alg` becomes one `Key` for each algorithm that it fits.
pub(crate) struct Key {
    kid: Option<String>,
    algorithm: SigningAlgorithm,
    public: ParsedPublicKey,
    /// The same key for `jsonwebtoken`. `None` for `ES512`, which that crate does not support.
    jwt: Option<(jsonwebtoken::Algorithm, DecodingKey)>,
    retired: AtomicBool,
}

impl Key {
    fn new(kid: Option<String>, algorithm: SigningAlgorithm, public: ParsedPublicKey) -> Self {
        let key = match algorithm.key_kind() {
            KeyKind::Rsa => DecodingKey::from_rsa_der,
            KeyKind::Ec(..) => DecodingKey::from_ec_der,
            KeyKind::Ed25519 => DecodingKey::from_ed_der,
        };
        let jwt = algorithm.jwt().map(|algorithm| (algorithm, key(public.as_ref())));
        Self { kid, algorithm, public, jwt, retired: AtomicBool::new(false) }
    }

    /// Verifies a decoded signature. The provider is named, because the default of the process could be replaced.
    pub(crate) fn verifies(&self, signed: &[u8], signature: &Vec<u8>) -> bool {
        match &self.jwt {
            Some((algorithm, key)) => (DEFAULT_PROVIDER.verifier_factory)(algorithm, key)
                .is_ok_and(|verifier| verifier.verify(signed, signature).is_ok()),
            None => self.public.verify_sig(signed, signature).is_ok(),
        }
    }

    /// Whether the issuer no longer publishes this key. Tokens that were verified with it are then dropped from the
    /// cache.
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

/// The usable keys of one key set, and the faults of its other signing keys.
pub(crate) struct KeySet {
    keys: Vec<Arc<Key>>,
    faults: Vec<KeyFault>,
}

/// A published signing key that cannot be used, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyFault {
    /// Position in the key set, starting from 1.
    place: usize,
    kid: Option<String>,
    reason: &'static str,
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kid {
            Some(kid) => write!(f, "key {} (`kid` `{kid}`): {}", self.place, self.reason),
            None => write!(f, "key {} (without `kid`): {}", self.place, self.reason),
        }
    }
}

impl KeySet {
    /// Parses a key set (RFC 7517 §5). Keys that are not for signatures are skipped. Signing keys of unknown type, too
    /// weak or damaged ones, and those for an algorithm that is not in `allowed` are recorded as faults.
    pub(crate) fn parse(body: &[u8], allowed: &[SigningAlgorithm]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let document: Document = serde_json::from_slice(body)?;
        let (mut keys, mut faults) = (Vec::new(), Vec::new());
        for (index, published) in document.keys.into_iter().enumerate() {
            let kid = published.get("kid").and_then(Value::as_str).map(excerpt);
            let read = Jwk::deserialize(published).map_err(|_| "it is not an object, or a member has another type");
            match read.and_then(|jwk| jwk.keys(allowed)) {
                Ok(found) => keys.extend(found.into_iter().map(Arc::new)),
                Err(reason) => faults.push(KeyFault { place: index + 1, kid, reason }),
            }
        }
        Ok(Self { keys, faults })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns the signing keys that cannot be used.
    pub(crate) fn faults(&self) -> &[KeyFault] {
        &self.faults
    }

    /// Returns the keys for `algorithm` with this `kid`.
    pub(crate) fn named<'s>(&'s self, kid: &'s str, algorithm: SigningAlgorithm) -> impl Iterator<Item = &'s Arc<Key>> {
        self.fitting(algorithm).filter(move |key| key.kid.as_deref() == Some(kid))
    }

    /// Returns the keys for `algorithm`, with or without a `kid`.
    pub(crate) fn fitting(&self, algorithm: SigningAlgorithm) -> impl Iterator<Item = &Arc<Key>> {
        self.keys.iter().filter(move |key| key.algorithm == algorithm)
    }

    /// Returns the keys for `algorithm` that have no `kid`.
    pub(crate) fn unnamed(&self, algorithm: SigningAlgorithm) -> impl Iterator<Item = &Arc<Key>> {
        self.fitting(algorithm).filter(|key| key.kid.is_none())
    }

    /// Replaces the set `former` by this one. Keys that are in both sets keep their object, so that cached tokens stay
    /// valid. Keys that are no longer published are marked as retired.
    pub(crate) fn replacing(self, former: &Self) -> Self {
        let same = |key: &Arc<Key>| former.keys.iter().find(|old| old.is_same(key)).cloned();
        let keys: Vec<_> = self.keys.into_iter().map(|key| same(&key).unwrap_or(key)).collect();
        for old in former.keys.iter().filter(|old| !keys.iter().any(|key| Arc::ptr_eq(key, old))) {
            old.retired.store(true, Ordering::Relaxed);
        }
        Self { keys, ..self }
    }
}

/// A published key, as in JSON (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). `jsonwebtoken::jwk::Jwk` is stricter about
/// members that are not needed and about base64, and drops unknown names of algorithms.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<PublicKeyUse>,
    key_ops: Option<Vec<KeyOperations>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwk {
    /// Returns one [`Key`] for each allowed algorithm that the published key fits. Empty if it is not for signatures.
    fn keys(self, allowed: &[SigningAlgorithm]) -> Result<Vec<Key>, &'static str> {
        let signs = self.usage.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
        let verifies = self.key_ops.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        if !signs || !verifies {
            return Ok(Vec::new());
        }
        let declared = self.alg.as_ref().map(|name| name.parse::<SigningAlgorithm>());
        let mut fault = match declared {
            Some(Err(_)) => return Err("its `alg` is not an asymmetric signature algorithm that is supported"),
            Some(Ok(algorithm)) if !allowed.contains(&algorithm) => {
                return Err("its `alg` is not among the provider's `algorithms`");
            }
            _ => "its `kty` or `crv` matches none of the provider's `algorithms`",
        };
        let fits = |algorithm: &&SigningAlgorithm| {
            declared.as_ref().is_none_or(|declared| declared.as_ref().is_ok_and(|declared| declared == *algorithm))
        };
        let mut keys = Vec::new();
        for algorithm in allowed.iter().filter(fits).copied() {
            match self.public(algorithm.key_kind()) {
                Some(Ok(public)) => keys.push(Key::new(self.kid.clone(), algorithm, public)),
                Some(Err(reason)) => fault = reason,
                None => {}
            }
        }
        if keys.is_empty() { Err(fault) } else { Ok(keys) }
    }

    /// Parses the public key. `None` if the published key has another type or curve.
    fn public(&self, kind: KeyKind) -> Option<Result<ParsedPublicKey, &'static str>> {
        let curve = |name| self.crv.as_deref() == Some(name);
        match (kind, self.kty.as_str()) {
            (KeyKind::Rsa, "RSA") => Some(self.rsa().and_then(|components| {
                let parsed = components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256);
                parsed.map_err(|_| "`n` and `e` are not an RSA key")
            })),
            (KeyKind::Ec(name, length, algorithm), "EC") if curve(name) => Some(self.point(length).and_then(|point| {
                ParsedPublicKey::new(algorithm, point).map_err(|_| "`x` and `y` are not a point of its curve")
            })),
            (KeyKind::Ed25519, "OKP") if curve("Ed25519") => Some(
                binary(self.x.as_ref())
                    .and_then(|x| ParsedPublicKey::new(&ED25519, x).ok())
                    .ok_or("`x` is missing or not an Ed25519 key"),
            ),
            _ => None,
        }
    }

    fn rsa(&self) -> Result<RsaPublicKeyComponents<Vec<u8>>, &'static str> {
        let number = |text| unsigned(text).filter(|number| !number.is_empty());
        let n = number(self.n.as_ref()).ok_or("`n` is missing or not base64url")?;
        let e = number(self.e.as_ref()).ok_or("`e` is missing or not base64url")?;
        let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
        if !RSA_BITS.contains(&bits) {
            return Err("an RSA key has 2048 to 8192 bits");
        }
        let is_good = e.as_slice() != [1] && e.last().is_some_and(|last| last % 2 == 1); // RFC 8017 §3.1
        if is_good { Ok(RsaPublicKeyComponents { n, e }) } else { Err("`e` is not an odd number above 1") }
    }

    /// Returns the public key as an uncompressed point (SEC 1 §2.3.3). Coordinates of fewer or more than `length` bytes
    /// are padded or stripped of leading zeros, because some providers publish them so.
    fn point(&self, length: usize) -> Result<Vec<u8>, &'static str> {
        const COORDINATES: &str = "`x` or `y` is missing, not base64url or longer than its curve allows";
        let mut point = vec![4];
        for text in [self.x.as_ref(), self.y.as_ref()] {
            let coordinate = unsigned(text).ok_or(COORDINATES)?;
            let zeros = length.checked_sub(coordinate.len()).ok_or(COORDINATES)?;
            point.extend(std::iter::repeat_n(0, zeros));
            point.extend(coordinate);
        }
        Ok(point)
    }
}

/// Decodes base64url. Also accepts `+` and `/`, because some providers use the alphabet of plain base64.
fn binary(text: Option<&String>) -> Option<Vec<u8>> {
    LENIENT.decode(text?.replace('+', "-").replace('/', "_")).ok()
}

/// Decodes a big-endian number. Strips leading zeros, which some providers publish although RFC 7518 §2 forbids them.
fn unsigned(text: Option<&String>) -> Option<Vec<u8>> {
    Some(binary(text)?.into_iter().skip_while(|byte| *byte == 0).collect())
}
