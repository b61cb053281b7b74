//! Browser sessions: cookies, CSRF protection, and resolution of the caller.

pub(crate) mod cookies;
pub(crate) mod csrf;
mod request;

use std::sync::Arc;

use identity_core::service::cluster::Setup;
use identity_core::service::session::Sessions;
use identity_core::value::LocalPath;

use crate::ids::IdRules;
use cookies::Cookies;
pub(crate) use request::{RequestSession, of};

/// Dependencies and settings of browser sign-in.
#[derive(Clone)]
pub struct SignIn {
    /// Opens, resolves and ends browser sessions.
    pub sessions: Arc<Sessions>,
    /// Whether users sign in with a password that this server stores, instead of through an identity provider.
    pub passwords: bool,
    /// Creation of the first administrator; `None` in profiles whose users come from an identity provider.
    pub setup: Option<FirstAdministrator>,
    /// Whether browsers reach this server by HTTPS. If so, cookies are `Secure` and have the prefix `__Host-`.
    pub https: bool,
    /// Path prefix of all endpoints: empty, or with a leading and without a trailing slash.
    pub base_path: String,
}

/// Creation of the first administrator on the page `/auth/setup`.
#[derive(Clone)]
pub struct FirstAdministrator {
    /// Creates the administrator. Available only while none exists.
    pub setup: Arc<Setup>,
    /// Validation rules for the username of the administrator.
    pub ids: IdRules,
}

impl SignIn {
    pub(crate) fn cookies(&self) -> Cookies<'_> {
        Cookies::new(self.https, &self.base_path)
    }

    /// Prepends the base path to a path with a leading slash.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base_path)
    }

    /// Returns the default redirect target after sign-in: the root of the base path, where the admin UI is.
    pub(crate) fn home(&self) -> Option<LocalPath> {
        LocalPath::parse(&self.path("/")).ok()
    }
}
