//! Hashing and verification of passwords on the thread pool.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use aws_lc_rs::rand;
use identity_core::port::{Busy, PasswordHasher, Standing};
use identity_core::value::{PasswordHash, Secret};

use super::pool::{self, Pool};
use super::stored::{Stored, made};

/// Memory in KiB, passes and lanes of new hashes: OWASP's first recommendation for Argon2id.
const COST: (u32, u32, u32) = (pool::AREA, 2, 1);
/// Time after which a client may retry an attempt that was rejected because the queue is full.
const RETRY: Duration = Duration::from_secs(2);

/// Reason why the password hasher could not be created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SlowHasherError {
    /// The threads of the pool could not be started.
    #[error("the threads for password hashing cannot be started")]
    Threads(#[from] std::io::Error),
    /// The hash parameters or random bytes are unavailable.
    #[error("a password cannot be hashed")]
    Hash,
}

/// Password hasher that uses Argon2id (RFC 9106) on a dedicated thread pool with one thread per core.
pub struct SlowHasher {
    argon2: Argon2<'static>,
    /// Hash that is verified for unknown users, so that their attempts take as long as those of existing users.
    nobody: Arc<Stored>,
    pool: Pool,
}

impl SlowHasher {
    /// Creates the hasher and starts its thread pool.
    ///
    /// # Errors
    /// Returns an error if random bytes or threads are unavailable.
    pub fn new() -> Result<Self, SlowHasherError> {
        let (memory, passes, lanes) = COST;
        let params = Params::new(memory, passes, lanes, None).map_err(|_| SlowHasherError::Hash)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // No known password matches this hash; only the time of the verification matters.
        let nobody = made(&argon2, &salt().ok_or(SlowHasherError::Hash)?, &[0; 32]).ok_or(SlowHasherError::Hash)?;
        let nobody = Arc::new(Stored::Argon2(Box::new(nobody)));
        Ok(Self { argon2, nobody, pool: Pool::start(available_parallelism().map_or(1, usize::from))? })
    }
}

type Hashing = Box<dyn FnOnce(&mut pool::WorkArea) -> Option<PasswordHash> + Send>;

impl SlowHasher {
    /// Prepares the hashing of a password with a random salt, to be run on the pool. `None` without random bytes.
    fn hashing(&self, password: &Secret) -> Option<Hashing> {
        let (argon2, password, salt) = (self.argon2.clone(), password.clone(), salt()?);
        Some(Box::new(move |area| {
            let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
            let fill = |blocks: &mut [argon2::Block]| {
                argon2.hash_password_into_with_memory(password.expose().as_bytes(), &salt, &mut output, blocks)
            };
            area.with(argon2.params().block_count(), fill)?.ok()?;
            Some(PasswordHash::new(made(&argon2, &salt, &output)?.to_string()))
        }))
    }
}

fn salt() -> Option<[u8; 16]> {
    let mut salt = [0; 16];
    rand::fill(&mut salt).ok()?;
    Some(salt)
}

#[async_trait]
impl PasswordHasher for SlowHasher {
    async fn hash(&self, password: &Secret) -> Option<PasswordHash> {
        self.pool.run(Standing::Familiar, self.hashing(password)?).await.ok()??
    }

    async fn hash_all(&self, passwords: &[Secret]) -> Option<Vec<PasswordHash>> {
        let hashing = passwords.iter().map(|password| self.hashing(password)).collect::<Option<Vec<_>>>()?;
        let mut hashes = self.pool.run_all(hashing).ok()?;
        let mut made = Vec::with_capacity(passwords.len());
        for hash in &mut hashes {
            made.push(hash.await.ok()??);
        }
        Some(made)
    }

    fn import(&self, stored: &str) -> Option<PasswordHash> {
        Stored::import(stored)
    }

    async fn verify(&self, password: &Secret, hash: &PasswordHash, standing: Standing) -> Result<bool, Busy> {
        let nobody = Arc::clone(&self.nobody);
        let (password, hash) = (password.clone(), hash.clone());
        let work =
            move |area: &mut pool::WorkArea| matches(&hash, &nobody, |stored| stored.verifies(area, password.expose()));
        let verified = self.pool.run(standing, work).await.map_err(|_| {
            metrics::counter!("identity_sign_ins_refused_total", "reason" => "busy").increment(1);
            Busy { retry_after: RETRY }
        })?;
        Ok(verified.unwrap_or(false))
    }

    async fn remembers(&self, _: &Secret, _: &PasswordHash) -> bool {
        false
    }
}

/// Verifies exactly once: against `hash` if it is supported, else against `nobody`, which never succeeds.
fn matches(hash: &PasswordHash, nobody: &Stored, verify: impl FnOnce(&Stored) -> bool) -> bool {
    let somebody = Stored::parse(hash);
    let verified = verify(somebody.as_ref().unwrap_or(nobody));
    somebody.is_some() && verified
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: Standing = Standing::Stranger(None);

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
        assert!(hasher.verify(&secret("correct horse"), &hash, STRANGER).await.unwrap());
        assert!(!hasher.verify(&secret("correct hors"), &hash, STRANGER).await.unwrap());
        assert_ne!(hasher.hash(&secret("correct horse")).await.unwrap(), hash, "a salt of its own");
    }

    #[tokio::test]
    async fn an_unknown_user_has_no_password() {
        let hasher = SlowHasher::new().unwrap();
        for password in ["", "x", "{nobody}x"] {
            assert!(!hasher.verify(&secret(password), &PasswordHash::placeholder("x"), STRANGER).await.unwrap());
            assert!(!hasher.verify(&secret(password), &hash(password), STRANGER).await.unwrap());
        }
    }

    /// Test vectors of the OpenBSD and jBCrypt families, produced by independent implementations.
    #[tokio::test]
    async fn imported_hashes_know_their_passwords() {
        let hasher = SlowHasher::new().unwrap();
        for (password, imported) in [
            ("U*U", "{bcrypt}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
            ("U*U*", "{bcrypt}$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
            ("", "{bcrypt}$2y$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
        ] {
            assert!(hasher.verify(&secret(password), &hash(imported), STRANGER).await.unwrap(), "{imported}");
            assert!(!hasher.verify(&secret("U*U**"), &hash(imported), STRANGER).await.unwrap(), "{imported}");
        }
    }

    #[tokio::test]
    async fn several_passwords_are_hashed_each_with_a_salt_of_its_own() {
        let hasher = SlowHasher::new().unwrap();
        let passwords = ["a", "a", "b"].map(secret);
        let hashes = hasher.hash_all(&passwords).await.unwrap();
        assert_ne!(hashes[0], hashes[1]);
        for (password, hash) in passwords.iter().zip(&hashes) {
            assert!(hasher.verify(password, hash, STRANGER).await.unwrap());
        }
        assert_eq!(hasher.hash_all(&[]).await, Some(Vec::new()));
    }

    #[test]
    fn imports_what_it_can_verify_at_a_bounded_cost() {
        let hasher = SlowHasher::new().unwrap();
        let imported = |text| hasher.import(text).map(|hash| hash.expose().to_owned());
        let bcrypt = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        let stored = format!("{{bcrypt}}{bcrypt}");
        assert_eq!(imported(bcrypt).as_deref(), Some(stored.as_str()));
        assert_eq!(imported(&stored).as_deref(), Some(stored.as_str()));
        let argon2 = "$argon2id$v=19$m=262144,t=10,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA";
        assert_eq!(imported(argon2).as_deref(), Some(argon2));
        for refused in [
            "",
            "secret",
            "{noop}secret",
            "{nobody}ann",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2id$v=19$m=262145,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA",
            "$argon2id$v=19$m=19456,t=11,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA",
            "$2a$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
        ] {
            assert_eq!(imported(refused), None, "{refused}");
        }
    }

    #[test]
    fn every_question_costs_one_verification() {
        let hasher = SlowHasher::new().unwrap();
        // Verifier that accepts everything and records the hashes it receives.
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
            PasswordHash::placeholder("p").expose(),
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
        let other = made(&hasher.argon2, &[1; 16], &[2; 32]).unwrap().to_string();
        for good in [
            &*other,
            "$argon2id$v=19$m=262144,t=10,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA",
            "{bcrypt}$2a$14$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        ] {
            assert_eq!(asked(good), (true, vec![good.to_owned()]), "{good}");
        }
    }
}
