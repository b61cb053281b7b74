use std::sync::Arc;

use identity_core::port::{Clock, PasswordHasher};
use identity_core::world::Sources;

use super::{AssemblyError, Directory, Providers, Shared};
use crate::config::{Config, Finding};

/// Ports in which profiles differ. A profile without a port returns `None`. No method sends a request.
pub(super) trait PortFactory {
    /// Returns the source of principals: this server's store, or an identity provider.
    fn sources(&self, config: &Config) -> Sources;

    /// Builds the password hasher. Starts one thread per core.
    ///
    /// # Errors
    /// Returns an error if random bytes or threads are unavailable.
    fn password_hasher(
        &self,
        _config: &Config,
        _clock: &Arc<dyn Clock>,
    ) -> Result<Option<Arc<dyn PasswordHasher>>, AssemblyError> {
        Ok(None)
    }

    /// Builds the providers whose tokens are accepted.
    ///
    /// # Errors
    /// Returns an error if the settings of the providers are unusable.
    fn providers(
        &self,
        _config: &Config,
        _clock: &Arc<dyn Clock>,
    ) -> Result<Option<Arc<dyn Providers>>, AssemblyError> {
        Ok(None)
    }

    /// Builds the directory.
    ///
    /// # Errors
    /// Returns an error if the settings of the directory are unusable.
    fn directory(&self, _config: &Config, _shared: Shared) -> Result<Option<Arc<dyn Directory>>, AssemblyError> {
        Ok(None)
    }

    /// Finds settings that would abort start-up.
    fn problems(&self, _config: &Config) -> Vec<Finding> {
        Vec::new()
    }
}
