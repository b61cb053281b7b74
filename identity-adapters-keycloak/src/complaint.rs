//! Error messages in the JSON bodies of Keycloak's responses.

use serde::Deserialize;

/// Parts of Keycloak's messages about read-only data of users from an external storage: one attribute, or the whole
/// user.
const READ_ONLY: [&str; 2] = ["error-user-attribute-read-only", "read only"];

#[derive(Deserialize, Default)]
struct Body {
    #[serde(default, rename = "errorMessage")]
    message: Option<String>,
    #[serde(default)]
    error: Option<String>,
    /// Nested errors, if several members are invalid.
    #[serde(default)]
    errors: Vec<Body>,
}

/// Returns the first error message in a response body; empty if the body is not JSON or contains no message.
pub(crate) fn read(body: &[u8]) -> String {
    let Body { message, error, errors } = serde_json::from_slice(body).unwrap_or_default();
    let several = || errors.into_iter().find_map(|one| one.message.or(one.error));
    message.or(error).or_else(several).unwrap_or_default()
}

/// Whether a message says that the changed data is read-only because it is stored outside of Keycloak.
pub(crate) fn is_read_only(said: &str) -> bool {
    let said = said.to_lowercase();
    READ_ONLY.iter().any(|words| said.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_complaint_and_several_are_read() {
        for (body, said, read_only) in [
            (r#"{"errorMessage":"User exists"}"#, "User exists", false),
            (r#"{"error":"invalid_request"}"#, "invalid_request", false),
            (
                r#"{"field":"lastName","errorMessage":"error-user-attribute-read-only","params":["lastName"]}"#,
                "error-user-attribute-read-only",
                true,
            ),
            (
                r#"{"errors":[{"field":"email","errorMessage":"error-user-attribute-read-only"},{"field":"x"}]}"#,
                "error-user-attribute-read-only",
                true,
            ),
            (r#"{"errorMessage":"User is read only!"}"#, "User is read only!", true),
            ("", "", false),
            ("<html>", "", false),
        ] {
            let found = read(body.as_bytes());
            assert_eq!((found.as_str(), is_read_only(&found)), (said, read_only), "{body}");
        }
    }
}
