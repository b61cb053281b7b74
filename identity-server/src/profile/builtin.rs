//! Profile `builtin`, with users and passwords in this server's store.

use std::sync::Arc;

use identity_core::port::{Clock, PasswordHasher};
use identity_core::world::Sources;

use super::AssemblyError;
use super::factory::PortFactory;
use crate::config::Config;
use identity_adapters_system::{CachedPasswordHasher, SlowHasher};

pub(super) struct Builtin;

impl PortFactory for Builtin {
    fn sources(&self, _: &Config) -> Sources {
        Sources::BuiltIn
    }

    fn password_hasher(
        &self,
        config: &Config,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Arc<dyn PasswordHasher>>, AssemblyError> {
        let slow = SlowHasher::new().map_err(|error| AssemblyError::Hasher(error.to_string()))?;
        let lifetime = config.authentication.basic_cache_ttl;
        let cached = CachedPasswordHasher::new(Arc::new(slow), Arc::clone(clock), lifetime);
        Ok(Some(Arc::new(cached.map_err(|error| AssemblyError::Hasher(error.to_string()))?)))
    }
}
