//! Bounds of requests to Keycloak. Requests that Keycloak handles badly are rejected or bounded before they are sent.

use identity_core::port::DirectoryError;
use identity_core::search::PageRequest;

/// Maximum length of a search in characters.
const SEARCH_LENGTH: usize = 200;
/// Maximum number of words of a search. Each word is compared with four columns of every user.
const SEARCH_WORDS: usize = 8;
/// Maximum length of a key that Keycloak generated: a UUID has 36 characters, an imported key may have more.
const KEY: usize = 64;
/// Maximum length of a name or key in a path, in characters.
const SEGMENT: usize = 256;
/// Maximum length of a query string in bytes, before encoding.
const QUERY: usize = 4096;
/// The largest number that Keycloak parses.
const NUMBER: usize = i32::MAX as usize;

/// Checks that a search is within the bounds.
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

/// The offset and limit of a page, clamped to numbers that Keycloak parses.
pub(crate) fn page(page: PageRequest) -> (usize, usize) {
    (page.offset.min(NUMBER), page.limit.min(NUMBER))
}

/// Whether a path of the admin API, given as segments below the realm, can address an entity.
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

/// Whether a query is short enough.
pub(crate) fn query(query: &[(&'static str, String)]) -> bool {
    query.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() <= QUERY
}

/// Whether a text can be a key that Keycloak generated.
pub(crate) fn key(text: &str) -> bool {
    text.len() <= KEY && !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// Whether a text can be the key of a user. Users of external user storages have keys of the form `f:STORAGE:NAME`,
/// with the key of the storage and the name of the user there.
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
