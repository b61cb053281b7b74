//! Signature algorithms that can be allowed for an issuer (RFC 7518 §3.1, RFC 8037 §3.1).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, EcdsaVerificationAlgorithm,
};

/// An asymmetric signature algorithm. There is no variant for `none` or for a symmetric algorithm, so neither can be
/// configured (RFC 8725 §3.1, §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// `RS256`: RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// `RS384`: RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// `RS512`: RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// `PS256`: RSASSA-PSS with SHA-256.
    Ps256,
    /// `PS384`: RSASSA-PSS with SHA-384.
    Ps384,
    /// `PS512`: RSASSA-PSS with SHA-512.
    Ps512,
    /// `ES256`: ECDSA on the curve P-256 with SHA-256.
    Es256,
    /// `ES384`: ECDSA on the curve P-384 with SHA-384.
    Es384,
    /// `ES512`: ECDSA on the curve P-521 with SHA-512.
    Es512,
    /// `EdDSA`, limited to the curve Ed25519.
    EdDsa,
}

/// Error for a text that is not the name of a supported algorithm. The message lists the supported names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA")]
pub struct UnknownAlgorithm;

/// Type of public key that an algorithm requires.
pub(crate) enum KeyKind {
    Rsa,
    /// JWK name of the curve (`crv`), length of a coordinate in bytes, and verification algorithm.
    Ec(&'static str, usize, &'static EcdsaVerificationAlgorithm),
    Ed25519,
}

impl SigningAlgorithm {
    /// All supported algorithms, which are the default of an issuer (docs/reference/orchestration-cluster.md §5.4).
    pub const ALL: [Self; 10] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
    ];

    /// Returns the JWA name of the algorithm, as in the header parameter `alg`, such as `RS256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Returns the digest for token hashes such as `at_hash` (OpenID Connect Core 1.0 §3.1.3.6). For EdDSA, it is
    /// SHA-512, which Ed25519 uses internally.
    pub(crate) fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 => &digest::SHA256,
            Self::Rs384 | Self::Ps384 | Self::Es384 => &digest::SHA384,
            Self::Rs512 | Self::Ps512 | Self::Es512 | Self::EdDsa => &digest::SHA512,
        }
    }

    /// Returns the algorithm of `jsonwebtoken`. `None` for `ES512`, which that crate does not support.
    pub(crate) fn jwt(self) -> Option<jsonwebtoken::Algorithm> {
        self.name().parse().ok()
    }

    pub(crate) const fn key_kind(self) -> KeyKind {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => KeyKind::Rsa,
            Self::Es256 => KeyKind::Ec("P-256", 32, &ECDSA_P256_SHA256_FIXED),
            Self::Es384 => KeyKind::Ec("P-384", 48, &ECDSA_P384_SHA384_FIXED),
            Self::Es512 => KeyKind::Ec("P-521", 66, &ECDSA_P521_SHA512_FIXED),
            Self::EdDsa => KeyKind::Ed25519,
        }
    }
}

impl FromStr for SigningAlgorithm {
    type Err = UnknownAlgorithm;

    /// Parses a JWA name case-sensitively (RFC 7515 §4.1.1). `Ed25519`, the fully specified name (RFC 9864 §2.2),
    /// yields [`Self::EdDsa`].
    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        if text == "Ed25519" {
            return Ok(Self::EdDsa);
        }
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == text).ok_or(UnknownAlgorithm)
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
