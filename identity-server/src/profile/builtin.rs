//! Users of our own, with passwords.

use std::sync::Arc;

use identity_core::port::PasswordHasher;

use super::AssemblyError;
use crate::password::Argon2Hasher;

pub(super) fn password_hasher() -> Result<Arc<dyn PasswordHasher>, AssemblyError> {
    let hasher = Argon2Hasher::new().map_err(|error| AssemblyError::Hasher(error.to_string()))?;
    Ok(Arc::new(hasher))
}
