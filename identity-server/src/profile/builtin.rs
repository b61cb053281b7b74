//! Profile `builtin`, with users and passwords in this server's store.

use std::sync::Arc;

use identity_core::port::{Clock, PasswordHasher};

use super::AssemblyError;
use crate::config::Config;
use identity_adapters_system::{CachedPasswordHasher, SlowHasher};

pub(super) fn password_hasher(
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn PasswordHasher>, AssemblyError> {
    let slow = SlowHasher::new().map_err(|error| AssemblyError::Hasher(error.to_string()))?;
    let lifetime = config.authentication.basic_cache_ttl;
    let cached = CachedPasswordHasher::new(Arc::new(slow), Arc::clone(clock), lifetime);
    Ok(Arc::new(cached.map_err(|error| AssemblyError::Hasher(error.to_string()))?))
}
