//! Placeholders in texts: `${NAME}` and `${NAME:default}`, which may be nested. `\${` escapes a placeholder.

/// Function that returns the value of a name; `None` if it has none.
pub(super) type Lookup<'l> = dyn Fn(&str) -> Option<String> + 'l;

/// Reason why a placeholder cannot be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// This name has neither a value nor a default.
    Name(String),
    /// The closing brace is missing, or the nesting is too deep.
    Malformed,
}

/// Maximum nesting depth of placeholders.
const MAX_DEPTH: usize = 16;

/// Replaces all placeholders by their values. Returns `None` if the text has no placeholder.
///
/// # Errors
/// Returns the first placeholder that cannot be resolved.
pub(super) fn fill(text: &str, lookup: &Lookup<'_>) -> Result<Option<String>, Unresolved> {
    if !text.contains("${") { Ok(None) } else { filled(text, lookup, 0).map(Some) }
}

fn filled(text: &str, lookup: &Lookup<'_>, depth: usize) -> Result<String, Unresolved> {
    if depth > MAX_DEPTH {
        return Err(Unresolved::Malformed);
    }
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('\\') {
            whole.push_str(before);
            whole.push_str("${");
            rest = after;
            continue;
        }
        whole.push_str(before);
        let (inner, after) = body(after).ok_or(Unresolved::Malformed)?;
        let (name, default) = parts(inner);
        let name = filled(name.trim(), lookup, depth + 1)?;
        match (lookup(&name), default) {
            (Some(value), _) => whole.push_str(&value),
            (None, Some(default)) => whole.push_str(&filled(default, lookup, depth + 1)?),
            (None, None) => return Err(Unresolved::Name(name)),
        }
        rest = after;
    }
    whole.push_str(rest);
    Ok(whole)
}

/// Splits at the closing brace of a placeholder, into its content and the remaining text.
fn body(text: &str) -> Option<(&str, &str)> {
    let end = scan(text, '}')?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// Splits the content of a placeholder into name and default.
fn parts(inner: &str) -> (&str, Option<&str>) {
    match scan(inner, ':').and_then(|place| Some((inner.get(..place)?, inner.get(place + 1..)?))) {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    }
}

/// Returns the position of a character outside nested placeholders.
fn scan(text: &str, wanted: char) -> Option<usize> {
    let mut depth = 0_usize;
    let mut letters = text.char_indices().peekable();
    while let Some((place, letter)) = letters.next() {
        match letter {
            _ if letter == wanted && depth == 0 => return Some(place),
            '$' if letters.peek().is_some_and(|(_, next)| *next == '{') => depth += 1,
            '}' if depth > 0 => depth -= 1,
            _ => {}
        }
    }
    None
}

impl Unresolved {
    /// Returns a message to follow the key. It contains names only, and no text that may be part of a secret.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Name(name) if is_name(name) => format!(
                "contains the placeholder `${{{name}}}`, which has no value: set the environment variable `{name}`, \
                 or write a default as in `${{{name}:default}}`"
            ),
            Self::Name(_) | Self::Malformed => {
                "contains `${` outside a placeholder such as `${NAME}` or `${NAME:default}`; write `\\${` for the \
                 literal characters"
                    .to_owned()
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<Option<String>, Unresolved> {
        fill(text, &|name| match name {
            "A" => Some("1".to_owned()),
            "EMPTY" => Some(String::new()),
            "NAME" => Some("A".to_owned()),
            "DOLLAR" => Some("${A}".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn fills_placeholders() {
        for (text, filled) in [
            ("${A}", "1"),
            ("x${A}y${A}", "x1y1"),
            ("${B:}", ""),
            ("${EMPTY:2}", ""),
            ("${B:http://${A}:80/}", "http://1:80/"),
            ("${B:${C:${A}}}", "1"),
            ("${${NAME}}", "1"),
            ("\\${A}${A}", "${A}1"),
            // Values are not expanded again: they may be passwords.
            ("${DOLLAR}", "${A}"),
        ] {
            assert_eq!(with(text), Ok(Some(filled.to_owned())), "{text}");
        }
        for text in ["", "a", "$A", "{A}", "$(A)"] {
            assert_eq!(with(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn reports_the_unresolved_name() {
        assert_eq!(with("a${B}"), Err(Unresolved::Name("B".to_owned())));
        assert_eq!(with("${B:${C}}"), Err(Unresolved::Name("C".to_owned())));
        assert_eq!(with("${A"), Err(Unresolved::Malformed));
        let deep = "${B:".repeat(50) + &"}".repeat(50);
        assert_eq!(with(&deep), Err(Unresolved::Malformed));
        assert!(Unresolved::Name("B".to_owned()).message().contains("`${B}`"));
        // The name may be part of a password.
        assert!(!Unresolved::Name("hunter2%".to_owned()).message().contains("hunter2"));
    }
}
