//! The slow work itself.

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::password_hash::{self, PasswordHasher as _};
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use identity_core::port::PasswordHasher;
use identity_core::value::{PasswordHash, Secret};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tracing::Span;

use super::stored::Stored;

/// Memory in KiB, passes and lanes: the first choice of OWASP's password storage guide for Argon2id.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Hashes with Argon2id (RFC 9106), on the threads for blocking work and on no more of them than there are cores.
pub struct SlowHasher {
    argon2: Argon2<'static>,
    /// What the passwords of unknown users are compared with, so that they take as long as others.
    nobody: Arc<Stored>,
    cores: Arc<Semaphore>,
}

impl SlowHasher {
    /// # Errors
    /// When the machine has no randomness or not enough memory.
    pub fn new() -> Result<Self, password_hash::Error> {
        let (memory, passes, lanes) = COST;
        let params = Params::new(memory, passes, lanes, None).map_err(|_| password_hash::Error::ParamsInvalid)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = Arc::new(Stored::Argon2(Box::new(argon2.hash_password(b"")?)));
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
impl PasswordHasher for SlowHasher {
    async fn hash(&self, password: &Secret) -> Option<PasswordHash> {
        let (argon2, password) = (self.argon2.clone(), password.clone());
        let hash = self.work(move || argon2.hash_password(password.expose().as_bytes())).await?;
        hash.ok().map(|hash| PasswordHash::new(hash.to_string()))
    }

    async fn verify(&self, password: &Secret, hash: &PasswordHash) -> bool {
        let (argon2, nobody) = (self.argon2.clone(), Arc::clone(&self.nobody));
        let (password, hash) = (password.clone(), hash.clone());
        let verify = move |stored: &Stored| stored.verifies(&argon2, password.expose());
        self.work(move || matches(&hash, &nobody, verify)).await.unwrap_or(false)
    }

    async fn remembers(&self, _: &Secret, _: &PasswordHash) -> bool {
        false
    }
}

/// Verifies exactly once: against the hash, or against nobody's where there is none that could be anybody's.
fn matches(hash: &PasswordHash, nobody: &Stored, verify: impl FnOnce(&Stored) -> bool) -> bool {
    let somebody = Stored::parse(hash);
    let verified = verify(somebody.as_ref().unwrap_or(nobody));
    somebody.is_some() && verified
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn hash(text: &str) -> PasswordHash {
        PasswordHash::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_hash_knows_its_password() {
        let hasher = SlowHasher::new().unwrap();
        let hash = hasher.hash(&secret("correct horse")).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.expose());
        assert!(hasher.verify(&secret("correct horse"), &hash).await);
        assert!(!hasher.verify(&secret("correct hors"), &hash).await);
        assert_ne!(hasher.hash(&secret("correct horse")).await.unwrap(), hash, "a salt of its own");
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        let hasher = SlowHasher::new().unwrap();
        for password in ["", "x", "{nobody}x"] {
            assert!(!hasher.verify(&secret(password), &PasswordHash::of_nobody("x")).await);
            assert!(!hasher.verify(&secret(password), &hash(password)).await);
        }
    }

    /// Test vectors of OpenBSD's and jBCrypt's families, made by independent implementations.
    #[tokio::test]
    async fn imported_hashes_know_their_passwords() {
        let hasher = SlowHasher::new().unwrap();
        for (password, imported) in [
            ("U*U", "{bcrypt}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
            ("U*U*", "{bcrypt}$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
            ("", "{bcrypt}$2y$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
        ] {
            assert!(hasher.verify(&secret(password), &hash(imported)).await, "{imported}");
            assert!(!hasher.verify(&secret("U*U**"), &hash(imported)).await, "{imported}");
        }
    }

    #[test]
    fn every_question_costs_one_verification() {
        let hasher = SlowHasher::new().unwrap();
        // Says yes to everything and remembers what it was asked about.
        let asked = |text: &str| {
            let mut about = Vec::new();
            let answer = matches(&hash(text), &hasher.nobody, |stored| {
                about.push(stored.to_string());
                true
            });
            (answer, about)
        };
        let nobody = hasher.nobody.to_string();
        for garbage in [
            "",
            "p",
            PasswordHash::of_nobody("p").expose(),
            "{bcrypt}$2a$10$abcdefghijklmnopqrstuv",
            "{bcrypt}$2a$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "{bcrypt}$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "{bcrypt}$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "{bcrypt}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyO€",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2id$v=19$m=1,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA",
            "$argon2id$v=19$m=262145,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA",
            "$argon2id$v=19$m=19456,t=11,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA",
        ] {
            assert_eq!(asked(garbage), (false, vec![nobody.clone()]), "{garbage}");
        }
        let other = hasher.argon2.hash_password(b"q").unwrap().to_string();
        for good in [
            &*other,
            "$argon2id$v=19$m=262144,t=10,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA",
            "{bcrypt}$2a$14$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        ] {
            assert_eq!(asked(good), (true, vec![good.to_owned()]), "{good}");
        }
    }
}
