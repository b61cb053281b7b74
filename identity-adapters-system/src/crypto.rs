//! Random bytes, SHA-256, HMAC-SHA-256 and AES-256-GCM with key rotation.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac;
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use identity_core::port::Crypto;
use identity_core::value::Secret;

/// Format version, the first byte of sealed data. It is followed by the key id ([`NAME`] bytes), the nonce ([`NONCE`]
/// bytes), and the ciphertext with its tag.
const FORM: u8 = 1;
const NAME: usize = 4;
const NONCE: usize = 12;

/// Key that encrypts and authenticates data, shared by the replicas of one installation.
pub struct SealingKey {
    /// Key id: the first bytes of the key's SHA-256 digest. Sealed data contains it to identify the key.
    name: [u8; NAME],
    cipher: RandomizedNonceKey,
    mac: hmac::Key,
}

impl SealingKey {
    /// Parses a key of 32 bytes in base64; `None` if the text has another form.
    #[must_use]
    pub fn parse(text: &Secret) -> Option<Self> {
        let bytes: [u8; 32] = BASE64_STANDARD.decode(text.expose().trim()).ok()?.try_into().ok()?;
        Self::new(&bytes)
    }

    fn new(bytes: &[u8; 32]) -> Option<Self> {
        let name = *digest(&SHA256, bytes).as_ref().first_chunk::<NAME>()?;
        // Derives a separate key per purpose (HKDF, RFC 5869).
        let pseudorandom = Salt::new(HKDF_SHA256, b"identity").extract(bytes);
        let mut of_macs = [0; 32];
        pseudorandom.expand(&[b"message authentication key"], HKDF_SHA256).ok()?.fill(&mut of_macs).ok()?;
        let mac = hmac::Key::new(hmac::HMAC_SHA256, &of_macs);
        Some(Self { name, cipher: RandomizedNonceKey::new(&AES_256_GCM, bytes).ok()?, mac })
    }

    /// Derives a key from another secret that all replicas share (HKDF, RFC 5869). `None` if a cryptographic operation
    /// fails.
    #[must_use]
    pub fn derived(secret: &Secret) -> Option<Self> {
        let pseudorandom = Salt::new(HKDF_SHA256, b"identity").extract(secret.expose().as_bytes());
        let mut bytes = [0; 32];
        pseudorandom.expand(&[b"session sealing key"], HKDF_SHA256).ok()?.fill(&mut bytes).ok()?;
        Self::new(&bytes)
    }

    /// Generates an ephemeral key, which is lost when the process ends. `None` if no random bytes are available.
    #[must_use]
    pub fn passing() -> Option<Self> {
        Self::new(&random()?)
    }

    /// Reads the key from a file. If the file is missing, creates it with a random key, readable by this user only
    /// (mode 0600).
    ///
    /// # Errors
    /// Returns an error if the file cannot be created or read, or does not hold 32 bytes in base64.
    pub fn in_file(path: &Path) -> io::Result<Self> {
        let unusable = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let bytes = random().ok_or_else(|| unusable("the system random number generator failed"))?;
                match create(path, &BASE64_STANDARD.encode(bytes)) {
                    // Another process created the file first; its key is used.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    created => created?,
                }
                std::fs::read_to_string(path)?
            }
            Err(error) => return Err(error),
        };
        Self::parse(&Secret::new(text)).ok_or_else(|| unusable("the file must contain 32 bytes in base64"))
    }
}

/// Writes a file with mode 0600 atomically. Fails if the file exists.
fn create(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    // Unlike a rename, a hard link does not replace a file that another process has created in the meantime.
    let linked = written.and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft)?;
    linked
}

fn random() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).ok()?;
    Some(bytes)
}

/// Implementation of the port [`Crypto`] with `aws-lc-rs` and rotatable keys.
pub struct SystemCrypto {
    /// Keys for sealing and opening: the first one seals, all of them open.
    keys: Vec<SealingKey>,
}

impl SystemCrypto {
    /// Creates the port. The first key seals and computes MACs; the others are previous keys that only open.
    #[must_use]
    pub fn new(keys: Vec<SealingKey>) -> Self {
        Self { keys }
    }
}

impl Crypto for SystemCrypto {
    fn random(&self) -> Option<[u8; 32]> {
        random()
    }

    fn digest(&self, bytes: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        out.iter_mut().zip(digest(&SHA256, bytes).as_ref()).for_each(|(to, from)| *to = *from);
        out
    }

    fn mac(&self, context: &[u8], bytes: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        let Some(key) = self.keys.first() else { return out };
        let tag = hmac::sign(&key.mac, &[context, b"\0", bytes].concat());
        out.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        out
    }

    fn seal(&self, context: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let key = self.keys.first()?;
        let mut text = plain.to_vec();
        let nonce = key.cipher.seal_in_place_append_tag(Aad::from(context), &mut text).ok()?;
        Some([&[FORM][..], &key.name, nonce.as_ref(), &text].concat())
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (form, rest) = sealed.split_first()?;
        let (name, rest) = rest.split_first_chunk::<NAME>()?;
        let (nonce, text) = rest.split_first_chunk::<NONCE>()?;
        let key = self.keys.iter().find(|key| key.name == *name).filter(|_| *form == FORM)?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = key.cipher.open_in_place(nonce, Aad::from(context), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SealingKey {
        SealingKey::parse(&Secret::new(BASE64_STANDARD.encode([byte; 32]))).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_in_its_context_only() {
        let crypto = SystemCrypto::new(vec![key(1)]);
        let sealed = crypto.seal(b"a", b"hello").unwrap();
        assert!(!sealed.windows(5).any(|window| window == b"hello"));
        assert_eq!(crypto.open(b"a", &sealed).unwrap(), b"hello");
        assert_eq!(crypto.open(b"b", &sealed), None);
        assert_ne!(crypto.seal(b"a", b"hello").unwrap(), sealed, "a nonce of its own");
        for place in 0..sealed.len() {
            let mut tampered = sealed.clone();
            tampered[place] ^= 1;
            assert_eq!(crypto.open(b"a", &tampered), None, "byte {place}");
            assert_eq!(crypto.open(b"a", &sealed[..place]), None, "cut at {place}");
        }
    }

    #[test]
    fn a_mac_depends_on_key_context_and_bytes() {
        let (one, same, other) = (key(1), key(1), key(2));
        let of = |key: SealingKey| SystemCrypto::new(vec![key]);
        let (one, same, other) = (of(one), of(same), of(other));
        assert_eq!(one.mac(b"a", b"x"), same.mac(b"a", b"x"));
        for different in [other.mac(b"a", b"x"), one.mac(b"b", b"x"), one.mac(b"a", b"y"), one.mac(b"", b"a\0x")] {
            assert_ne!(one.mac(b"a", b"x"), different);
        }
    }

    #[test]
    fn keys_can_be_rotated() {
        let before = SystemCrypto::new(vec![key(1)]).seal(b"", b"x").unwrap();
        let during = SystemCrypto::new(vec![key(2), key(1)]);
        assert_eq!(during.open(b"", &before).unwrap(), b"x");
        let after = SystemCrypto::new(vec![key(2)]);
        assert_eq!(after.open(b"", &during.seal(b"", b"y").unwrap()).unwrap(), b"y");
        assert_eq!(after.open(b"", &before), None);
    }

    #[test]
    fn replicas_derive_the_same_key_from_the_same_secret() {
        let of = |text: &str| SystemCrypto::new(vec![SealingKey::derived(&Secret::new(text.to_owned())).unwrap()]);
        let sealed = of("s").seal(b"", b"x").unwrap();
        assert_eq!(of("s").open(b"", &sealed).unwrap(), b"x");
        assert_eq!(of("t").open(b"", &sealed), None);
    }

    #[test]
    fn a_key_is_32_bytes() {
        for text in ["", "short", &BASE64_STANDARD.encode([0; 31]), &BASE64_STANDARD.encode([0; 33]), "ü"] {
            assert!(SealingKey::parse(&Secret::new(text.to_owned())).is_none(), "{text}");
        }
    }

    #[test]
    fn a_keys_file_is_made_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data").join("session.key");
        let names: Vec<_> = (0..2).map(|_| SealingKey::in_file(&path).unwrap().name).collect();
        assert_eq!(names[0], names[1]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "no key").unwrap();
        assert!(SealingKey::in_file(&path).is_err());
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left");
    }
}
