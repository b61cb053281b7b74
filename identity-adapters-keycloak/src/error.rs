//! Errors of calls to Keycloak, with messages for operators.

use std::error::Error;
use std::time::Duration;

use identity_core::port::DirectoryError;

/// Time after which to retry if the failure does not specify one.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Error for a response that cannot be read.
pub(crate) fn unreadable(reason: &str) -> DirectoryError {
    unavailable(reason.to_owned())
}

/// Error for a failure after which a retry may succeed.
pub(crate) fn unavailable(reason: String) -> DirectoryError {
    DirectoryError::Unavailable { reason, retry_after: RETRY_AFTER }
}

/// The reason of a transport error, without the URL, because it contains names.
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

/// The beginning of a text, without control characters.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(200).filter(|c| !c.is_control()).collect()
}
