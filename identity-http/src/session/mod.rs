//! Browser sessions: their cookies, their protection against forged requests, and the caller of a request.

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

/// Browser sign-in.
#[derive(Clone)]
pub struct SignIn {
    /// Browser sessions.
    pub sessions: Arc<Sessions>,
    /// Whether users sign in with a username and a password of this server.
    pub passwords: bool,
    /// Creation of the first administrator, if users are built in.
    pub setup: Option<FirstAdministrator>,
    /// Whether browsers reach this server by HTTPS.
    pub https: bool,
    /// Path prefix of all endpoints: empty, or with a leading and without a trailing slash.
    pub base_path: String,
}

/// Creation of the first administrator.
#[derive(Clone)]
pub struct FirstAdministrator {
    /// Creates the administrator.
    pub setup: Arc<Setup>,
    /// Validation rules for usernames.
    pub ids: IdRules,
}

impl SignIn {
    pub(crate) fn cookies(&self) -> Cookies<'_> {
        Cookies::new(self.https, &self.base_path)
    }

    /// Prepends the base path to a path.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base_path)
    }

    /// Default redirect target after sign-in.
    pub(crate) fn home(&self) -> Option<LocalPath> {
        LocalPath::parse(&self.path("/")).ok()
    }
}
