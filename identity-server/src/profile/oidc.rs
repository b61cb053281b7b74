//! Profile `oidc`, for users and clients of OpenID Connect providers, authenticated by token.

use std::sync::Arc;

use identity_core::port::Clock;
use identity_core::world::Sources;

use super::factory::PortFactory;
use super::{AssemblyError, Providers, openid};
use crate::config::{Config, Finding};

pub(super) struct Oidc;

impl PortFactory for Oidc {
    fn sources(&self, config: &Config) -> Sources {
        Sources::Provider { groups_claimed: config.authentication.claims_groups() }
    }

    fn providers(&self, config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<Arc<dyn Providers>>, AssemblyError> {
        openid::providers(config, clock).map(Some)
    }

    fn problems(&self, config: &Config) -> Vec<Finding> {
        openid::problems(config)
    }
}
