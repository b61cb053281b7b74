//! Passwords of built-in users, as Argon2id hashes.

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::password_hash::phc;
use argon2::password_hash::{self, PasswordHasher as _, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use identity_core::port::PasswordHasher;
use identity_core::value::{PasswordHash, Secret};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tracing::Span;

/// Memory in KiB, passes and lanes: the first choice of OWASP's password storage guide for Argon2id.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Hashes with Argon2id (RFC 9106), on the threads for blocking work and on no more of them than there are cores.
pub struct Argon2Hasher {
    argon2: Argon2<'static>,
    /// What the passwords of unknown users are compared with, so that they take as long as others.
    nobody: Arc<phc::PasswordHash>,
    cores: Arc<Semaphore>,
}

impl Argon2Hasher {
    /// # Errors
    /// When the machine has no randomness or not enough memory.
    pub fn new() -> Result<Self, password_hash::Error> {
        let (memory, passes, lanes) = COST;
        let params = Params::new(memory, passes, lanes, None).map_err(|_| password_hash::Error::ParamsInvalid)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = Arc::new(argon2.hash_password(b"")?);
        let cores = available_parallelism().map_or(1, usize::from);
        Ok(Self { argon2, nobody, cores: Arc::new(Semaphore::new(cores)) })
    }

    /// Does expensive work when a core is free for it. The work keeps its core even when nobody waits for it any more.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let core = Arc::clone(&self.cores).acquire_owned().await.ok()?;
        let span = Span::current();
        let task = spawn_blocking(move || {
            let result = span.in_scope(work);
            drop(core);
            result
        });
        task.await.ok()
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: &Secret) -> Option<PasswordHash> {
        let (argon2, password) = (self.argon2.clone(), password.clone());
        let hash = self.work(move || argon2.hash_password(password.expose().as_bytes())).await?;
        hash.ok().map(|hash| PasswordHash::new(hash.to_string()))
    }

    async fn verify<'h>(&self, password: &Secret, hash: Option<&'h PasswordHash>) -> bool {
        let (argon2, nobody) = (self.argon2.clone(), Arc::clone(&self.nobody));
        let (password, hash) = (password.clone(), hash.cloned());
        self.work(move || matches(&argon2, &password, hash.as_ref(), &nobody)).await.unwrap_or(false)
    }
}

/// Runs the verifier exactly once: on the hash, or on nobody's where there is none that could be anybody's.
fn matches<V: PasswordVerifier<phc::PasswordHash>>(
    verifier: &V,
    password: &Secret,
    hash: Option<&PasswordHash>,
    nobody: &phc::PasswordHash,
) -> bool {
    let somebody = hash.and_then(parse);
    let verified = verifier.verify_password(password.expose().as_bytes(), somebody.as_ref().unwrap_or(nobody)).is_ok();
    somebody.is_some() && verified
}

/// The hash, when it is a whole one of an algorithm that is supported.
fn parse(hash: &PasswordHash) -> Option<phc::PasswordHash> {
    match hash.expose() {
        text if text.starts_with("$argon2") => {
            let hash = phc::PasswordHash::new(text).ok()?;
            let whole = hash.salt.is_some()
                && hash.hash.is_some()
                && Algorithm::try_from(hash.algorithm.as_str()).is_ok()
                && hash.version.is_none_or(|version| Version::try_from(version).is_ok())
                && Params::try_from(&hash).is_ok();
            whole.then_some(hash)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_hash_knows_its_password() {
        let hasher = Argon2Hasher::new().unwrap();
        let hash = hasher.hash(&secret("correct horse")).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.expose());
        assert!(hasher.verify(&secret("correct horse"), Some(&hash)).await);
        assert!(!hasher.verify(&secret("correct hors"), Some(&hash)).await);
        assert_ne!(hasher.hash(&secret("correct horse")).await.unwrap(), hash, "a salt of its own");
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        let hasher = Argon2Hasher::new().unwrap();
        for password in ["", "x"] {
            assert!(!hasher.verify(&secret(password), None).await);
            assert!(!hasher.verify(&secret(password), Some(&PasswordHash::new(password.into()))).await);
        }
    }

    /// Says yes to everything and remembers what it was asked about.
    struct Yes(RefCell<Vec<String>>);

    impl PasswordVerifier<phc::PasswordHash> for Yes {
        fn verify_password(&self, _: &[u8], hash: &phc::PasswordHash) -> password_hash::Result<()> {
            self.0.borrow_mut().push(hash.to_string());
            Ok(())
        }
    }

    #[test]
    fn every_question_costs_one_verification() {
        let hasher = Argon2Hasher::new().unwrap();
        let nobody = hasher.nobody.to_string();
        let asked = |hash: Option<&str>| {
            let verifier = Yes(RefCell::default());
            let hash = hash.map(|text| PasswordHash::new(text.to_owned()));
            let answer = matches(&verifier, &secret("p"), hash.as_ref(), &hasher.nobody);
            (answer, verifier.0.into_inner())
        };
        assert_eq!(asked(None), (false, vec![nobody.clone()]));
        for garbage in [
            "",
            "p",
            "{bcrypt}$2a$10$abcdefghijklmnopqrstuv",
            "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2id$v=19$m=1,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA",
        ] {
            assert_eq!(asked(Some(garbage)), (false, vec![nobody.clone()]), "{garbage}");
        }
        let other = hasher.argon2.hash_password(b"q").unwrap().to_string();
        assert_eq!(asked(Some(&other)), (true, vec![other.clone()]));
    }
}
