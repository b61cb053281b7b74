//! Bounds of what Keycloak is asked: a question that it cannot answer well is answered here.

use identity_core::port::DirectoryError;
use identity_core::search::PageRequest;

/// The most characters of a search.
const SEARCH_LENGTH: usize = 200;
/// The most words of a search: each is a comparison with four columns of every user.
const SEARCH_WORDS: usize = 8;
/// The most characters of a key that Keycloak made: a UUID has 36, an imported one may have more.
const KEY: usize = 64;
/// The most characters of a name or key in a path.
const SEGMENT: usize = 256;
/// The most bytes of a query string before it is encoded.
const QUERY: usize = 4096;
/// The largest number that Keycloak reads.
const NUMBER: usize = i32::MAX as usize;

/// A search that Keycloak can do.
pub(crate) fn search(text: Option<&str>) -> Result<(), DirectoryError> {
    let Some(text) = text else { return Ok(()) };
    let fits = text.chars().nth(SEARCH_LENGTH).is_none() && text.split_whitespace().nth(SEARCH_WORDS).is_none();
    if fits {
        return Ok(());
    }
    Err(DirectoryError::Invalid(format!("a search has at most {SEARCH_WORDS} words and {SEARCH_LENGTH} characters")))
}

/// A page that Keycloak can count to: the first item, and how many.
pub(crate) fn page(page: PageRequest) -> (usize, usize) {
    (page.offset.min(NUMBER), page.limit.min(NUMBER))
}

/// Whether a path can be that of something in a realm.
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

/// Whether a text can be a key that Keycloak made.
pub(crate) fn key(text: &str) -> bool {
    text.len() <= KEY && !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// Whether a text can be the key of a user, who may be in another storage: `f:`, its key, `:`, and a name there.
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
