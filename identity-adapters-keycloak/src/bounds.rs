//! Limits for requests to Keycloak. Requests that Keycloak handles badly are rejected or bounded before they are sent.

use identity_core::port::DirectoryError;
use identity_core::search::PageRequest;

/// Maximum length of a search text in characters.
const SEARCH_LENGTH: usize = 200;
/// Maximum number of words of a search text. Keycloak compares each word with four columns of every user.
const SEARCH_WORDS: usize = 8;
/// Maximum length of an internal key in bytes. Keycloak generates UUIDs of 36 characters; an imported key may be
/// longer.
const KEY: usize = 64;
/// Maximum length of one path segment, such as a name, in characters.
const SEGMENT: usize = 256;
/// Maximum total length of the query parameters in bytes, before encoding.
const QUERY: usize = 4096;
/// Largest offset or limit that Keycloak parses: the maximum of a signed 32-bit integer.
const NUMBER: usize = i32::MAX as usize;

/// Checks that a search text has at most 8 words and 200 characters. A missing text is valid.
pub(crate) fn search(text: Option<&str>) -> Result<(), DirectoryError> {
    let Some(text) = text else { return Ok(()) };
    let fits = text.chars().nth(SEARCH_LENGTH).is_none() && text.split_whitespace().nth(SEARCH_WORDS).is_none();
    if fits {
        return Ok(());
    }
    Err(DirectoryError::Invalid(format!(
        "a search must have at most {SEARCH_WORDS} words and {SEARCH_LENGTH} characters"
    )))
}

/// Returns offset and limit of a page, each clamped to the largest number that Keycloak parses.
pub(crate) fn page(page: PageRequest) -> (usize, usize) {
    (page.offset.min(NUMBER), page.limit.min(NUMBER))
}

/// Whether path segments below the realm can address an entity. Rejects empty, relative (`.`, `..`) and long segments,
/// and malformed keys.
pub(crate) fn path(segments: &[&str]) -> bool {
    let fits = |segment: &&str| !matches!(*segment, "" | "." | "..") && segment.chars().nth(SEGMENT).is_none();
    let key = match segments {
        ["users", id, ..] => user_key(id),
        ["groups", id, ..] => *id == "count" || key(id),
        ["clients" | "roles-by-id", id, ..] => key(id),
        _ => true,
    };
    key && segments.iter().all(fits)
}

/// Whether names and values of the query parameters have at most 4096 bytes in total.
pub(crate) fn query(query: &[(&'static str, String)]) -> bool {
    query.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() <= QUERY
}

/// Whether a text is a well-formed internal key: 1 to 64 ASCII letters, digits, `-`, `_` and `.`.
pub(crate) fn key(text: &str) -> bool {
    text.len() <= KEY && !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// Whether a text can be the key of a user: an internal key, or `f:STORAGE:NAME` for a user of an external user
/// storage. Also accepts `count`, which addresses the number of users.
fn user_key(text: &str) -> bool {
    text == "count"
        || key(text)
        || text.strip_prefix("f:").and_then(|rest| rest.split_once(':')).is_some_and(|(k, _)| key(k))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_searches_by_words_and_characters() {
        assert_eq!(search(None), Ok(()));
        assert_eq!(search(Some("ann lee")), Ok(()));
        assert!(search(Some(&"a ".repeat(9))).is_err());
        assert!(search(Some(&"a".repeat(201))).is_err());
        assert_eq!(search(Some(&"ä".repeat(200))), Ok(()));
    }

    #[test]
    fn refuses_paths_that_no_key_leads_to() {
        let id = "5f3a1c1e-0000-4000-8000-000000000000";
        let federated = format!("f:{id}:ann");
        for known in [&["users", id][..], &["users", &federated, "groups"], &["groups", "count"], &["roles", "A role"]]
        {
            assert!(path(known), "{known:?}");
        }
        let long = "a".repeat(257);
        for none in [
            &["users", "not a key"][..],
            &["users", ".."],
            &["groups", "a/b"],
            &["clients", "ä"],
            &["clients", ""],
            &["roles-by-id", &long],
            &["roles", &long],
        ] {
            assert!(!path(none), "{none:?}");
        }
    }
}
