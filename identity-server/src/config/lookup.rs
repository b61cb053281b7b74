//! Searches of the key list by path.

use super::key::{FILE_SUFFIX, Key, Kind};
use super::names::canonical;
use super::table::KEYS;
use super::tree::extend;

/// Returns the key with this path in the key list, with `<id>` and `[]`.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// Kind of node that the key list requires at a path.
pub(super) enum NodeKind {
    /// Map whose keys the key list defines, such as `server`.
    Map,
    /// Map with user-defined keys, such as `authentication.providers`.
    Named,
    /// List of values or of sections, such as `bootstrap.users`.
    List,
    /// Single value of this type, such as the number `server.port`.
    Value(&'static Kind),
}

impl NodeKind {
    /// Returns the kind of node at a path with `<id>` and `[]`, as in the key list; `None` if the path is unknown.
    pub(super) fn of(path: &str) -> Option<Self> {
        if let Some(key) = find(path) {
            return Some(Self::Value(&key.kind));
        }
        let secret = path.strip_suffix(FILE_SUFFIX).and_then(find).map(|key| &key.kind);
        if let Some(Kind::Secret(_)) = secret {
            return Some(Self::Value(&Kind::Text));
        }
        let rest = KEYS.iter().find_map(|key| {
            let rest = key.path.strip_prefix(path)?;
            (rest.starts_with("[]") || rest.starts_with('.') || path.is_empty()).then_some(rest)
        })?;
        Some(match rest {
            _ if rest.starts_with("[]") => Self::List,
            _ if rest.starts_with(".<id>") => Self::Named,
            _ => Self::Map,
        })
    }
}

/// Normalizes a key name below `shape` to the spelling of the key list. Unknown names are returned unchanged.
pub(super) fn spelled(shape: &str, written: &str) -> String {
    let mut exact = shape.to_owned();
    extend(&mut exact, written);
    if NodeKind::of(&exact).is_some() {
        return written.to_owned();
    }
    let wanted = canonical(written);
    let known = KEYS.iter().flat_map(Key::paths).find_map(|path| {
        let rest = if shape.is_empty() { &path } else { path.strip_prefix(shape)?.strip_prefix('.')? };
        let name = rest.split(['.', '[']).next()?;
        (name != "<id>" && canonical(name) == wanted).then(|| name.to_owned())
    });
    known.unwrap_or_else(|| written.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_kinds_follow_from_the_keys() {
        assert!(matches!(NodeKind::of(""), Some(NodeKind::Map)));
        assert!(matches!(NodeKind::of("server"), Some(NodeKind::Map)));
        assert!(matches!(NodeKind::of("server.port"), Some(NodeKind::Value(Kind::Number(_)))));
        assert!(matches!(NodeKind::of("authentication.providers"), Some(NodeKind::Named)));
        assert!(matches!(NodeKind::of("authentication.providers.<id>"), Some(NodeKind::Map)));
        assert!(matches!(NodeKind::of("bootstrap.users"), Some(NodeKind::List)));
        assert!(matches!(NodeKind::of("bootstrap.users[]"), Some(NodeKind::Map)));
        assert!(matches!(NodeKind::of("bootstrap.users[].roles"), Some(NodeKind::List)));
        assert!(matches!(NodeKind::of("bootstrap.users[].roles[]"), Some(NodeKind::Value(Kind::Text))));
        assert!(matches!(NodeKind::of("store.postgres.password-file"), Some(NodeKind::Value(Kind::Text))));
        assert!(NodeKind::of("serve").is_none());
        assert!(NodeKind::of("server.port-file").is_none());
    }
}
