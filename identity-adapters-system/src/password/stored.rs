//! Stored hash formats, and limits on the cost of verification. Imported hashes must not be able to exhaust the
//! machine.

#[cfg(test)]
use std::fmt;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, Version};
use identity_core::value::PasswordHash;

use super::pool::WorkArea;

/// Maximum memory cost of an accepted Argon2 hash, in KiB (256 MiB).
const MAX_MEMORY: u32 = 256 * 1024;
/// Maximum number of passes (time cost) of an accepted Argon2 hash.
const MAX_PASSES: u32 = 10;
/// Maximum cost of a bcrypt hash, as an exponent of two. Its verification takes about a second.
const MAX_BCRYPT_COST: u32 = 14;
/// Prefix of stored bcrypt hashes (docs/reference/orchestration-cluster.md §2.2).
const BCRYPT: &str = "{bcrypt}";

/// Parsed password hash of a supported algorithm, within the cost limits.
pub(super) enum Stored {
    /// PHC string, such as `$argon2id$…`.
    Argon2(Box<phc::PasswordHash>),
    /// bcrypt hash: `$2a$…`, `$2b$…` or `$2y$…`; stored with the prefix `{bcrypt}`.
    Bcrypt(String),
}

impl Stored {
    pub(super) fn parse(hash: &PasswordHash) -> Option<Self> {
        let text = hash.expose();
        match text.strip_prefix(BCRYPT) {
            Some(text) => bcrypt(text).map(Self::Bcrypt),
            None => argon2(text).map(Box::new).map(Self::Argon2),
        }
    }

    /// Converts another system's hash to the stored form; `None` if it is unsupported or too expensive.
    pub(super) fn import(text: &str) -> Option<PasswordHash> {
        let is_bcrypt = text.starts_with("$2");
        let hash = PasswordHash::new(if is_bcrypt { format!("{BCRYPT}{text}") } else { text.to_owned() });
        Self::parse(&hash).map(|_| hash)
    }

    /// Whether `password` matches the hash. Takes much time and memory, up to the cost limits.
    pub(super) fn verifies(&self, area: &mut WorkArea, password: &str) -> bool {
        match self {
            Self::Argon2(hash) => argon2_verifies(hash, area, password).unwrap_or(false),
            // bcrypt uses the first 72 bytes of a password, as it did when the hash was created.
            Self::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
        }
    }
}

/// Assembles an Argon2id hash from its parameters, salt and output. `None` if a part is invalid.
pub(super) fn made(argon2: &Argon2<'_>, salt: &[u8], output: &[u8]) -> Option<phc::PasswordHash> {
    Some(phc::PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: phc::ParamsString::try_from(argon2.params()).ok()?,
        salt: Some(phc::Salt::new(salt).ok()?),
        hash: Some(phc::Output::new(output).ok()?),
    })
}

/// Verifies in an existing work area. `None` if the hash is malformed or memory is insufficient.
fn argon2_verifies(hash: &phc::PasswordHash, area: &mut WorkArea, password: &str) -> Option<bool> {
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = hash.version.map(Version::try_from).transpose().ok()?.unwrap_or_default();
    let argon2 = Argon2::new(algorithm, version, Params::try_from(hash).ok()?);
    let (salt, expected) = (hash.salt.as_ref()?, hash.hash.as_ref()?);
    let mut buffer = [0; phc::Output::MAX_LENGTH];
    let output = buffer.get_mut(..expected.len())?;
    let fill =
        |blocks: &mut [argon2::Block]| argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, blocks);
    area.with(argon2.params().block_count(), fill)?.ok()?;
    let made = phc::Output::new(buffer.get(..expected.len())?).ok()?;
    // Constant-time comparison.
    Some(made == *expected)
}

fn argon2(text: &str) -> Option<phc::PasswordHash> {
    let hash = text.starts_with("$argon2").then(|| phc::PasswordHash::new(text).ok())??;
    let whole = hash.salt.is_some()
        && hash.hash.is_some()
        && Algorithm::try_from(hash.algorithm.as_str()).is_ok()
        && hash.version.is_none_or(|version| Version::try_from(version).is_ok());
    let params = Params::try_from(&hash).ok()?;
    (whole && params.m_cost() <= MAX_MEMORY && params.t_cost() <= MAX_PASSES).then_some(hash)
}

fn bcrypt(text: &str) -> Option<String> {
    let known = ["$2a$", "$2b$", "$2y$"].iter().any(|version| text.starts_with(version));
    let cost = known.then(|| text.parse::<bcrypt::HashParts>().ok())??.get_cost();
    (4..=MAX_BCRYPT_COST).contains(&cost).then(|| text.to_owned())
}

#[cfg(test)]
impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argon2(hash) => hash.fmt(f),
            Self::Bcrypt(hash) => write!(f, "{BCRYPT}{hash}"),
        }
    }
}
