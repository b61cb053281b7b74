//! Constructors for errors of calls to Keycloak, with messages for operators.

use std::error::Error;
use std::time::Duration;

use identity_core::port::DirectoryError;

/// Time after which a caller may retry, if the failure specifies none.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Error for a response that cannot be parsed. It is reported as unavailability of Keycloak.
pub(crate) fn unreadable(reason: &str) -> DirectoryError {
    unavailable(reason.to_owned())
}

/// Error for a temporary failure, which a caller may retry after 2 seconds.
pub(crate) fn unavailable(reason: String) -> DirectoryError {
    DirectoryError::Unavailable { reason, retry_after: RETRY_AFTER }
}

/// Describes a transport error by its innermost cause. Omits the URL, because it contains names.
pub(crate) fn transport(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "the request timed out".to_owned();
    }
    let mut cause: Option<&dyn Error> = error.source();
    let mut text = "the connection failed".to_owned();
    while let Some(inner) = cause {
        text = format!("the connection failed: {inner}");
        cause = inner.source();
    }
    excerpt(&text)
}

/// Returns the first 200 characters of a text, without control characters.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(200).filter(|c| !c.is_control()).collect()
}
