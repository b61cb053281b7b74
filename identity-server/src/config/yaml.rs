//! YAML documents as trees of values with line numbers.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Spanned, UserMessageFormatter};

use super::names::canonical;
use super::placeholder::{self, Unresolved};

/// Maximum depth of a document, and of a dotted name. Each level is a recursive call, so the limit protects the stack.
const MAX_DEPTH: usize = 32;

/// Value in a YAML document, with its position.
#[derive(Debug)]
pub(super) struct Yaml {
    /// Line on which the value begins, starting at 1.
    pub(super) line: u64,
    /// Whether the text was filled in from placeholders.
    pub(super) filled: bool,
    /// The value itself, without position.
    pub(super) content: Content,
    /// Byte range of the value in the source text.
    bytes: Range<usize>,
}

/// Value of a YAML node: a scalar, a list or a map.
#[derive(Debug)]
pub(super) enum Content {
    Null,
    Flag(bool),
    /// Number as written in the source, such as `1.10`.
    Number(String),
    Text(String),
    /// Text with a placeholder that cannot be resolved.
    Unresolved(Unresolved),
    List(Vec<Yaml>),
    /// Names may occur repeatedly, because dotted names are split after the parser's duplicate check.
    Map(Vec<(String, Yaml)>),
}

/// Parses the documents of a text, omitting empty ones. Names such as `a.b[0]` are split into levels, as in Spring.
///
/// # Errors
/// Returns a message without text from the documents.
pub(super) fn parse(text: &str) -> Result<Vec<Yaml>, String> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::Error,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH },
    };
    match serde_saphyr::from_multiple_with_options::<Yaml>(text, options) {
        Ok(documents) => Ok(documents
            .into_iter()
            .map(|mut document| {
                document.exact(text);
                document.split()
            })
            .collect()),
        Err(error) => {
            let message = error.render_with_formatter(&UserMessageFormatter);
            Err(message.lines().next().unwrap_or_default().to_owned())
        }
    }
}

impl Yaml {
    fn new(line: u64, content: Content) -> Self {
        Self { line, filled: false, content, bytes: 0..0 }
    }

    /// Restores numbers as written in the source: `1.10` differs from `1.1`, and a long numeric id is not a float.
    fn exact(&mut self, source: &str) {
        match &mut self.content {
            Content::Number(text) => {
                if let Some(written) = source.get(self.bytes.clone()).map(str::trim).filter(|text| !text.is_empty()) {
                    written.clone_into(text);
                }
            }
            Content::Map(members) => {
                for (_, value) in members {
                    value.exact(source);
                }
            }
            Content::List(items) => items.iter_mut().for_each(|item| item.exact(source)),
            Content::Null | Content::Flag(_) | Content::Text(_) | Content::Unresolved(_) => {}
        }
    }

    /// Splits names with dots and indices into levels.
    fn split(self) -> Self {
        let content = match self.content {
            Content::Map(members) => {
                let mut whole = Vec::new();
                for (name, value) in members {
                    let (name, value) = levels(&name, value.split());
                    merge(&mut whole, name, value);
                }
                Content::Map(whole)
            }
            Content::List(items) => Content::List(items.into_iter().map(Self::split).collect()),
            other => other,
        };
        Self { content, ..self }
    }

    /// Fills in the placeholders of all texts. Marks changed texts as `filled`, and unresolvable ones as unresolved.
    pub(super) fn fill(&mut self, lookup: &placeholder::Lookup<'_>) {
        match &mut self.content {
            Content::Map(members) => members.iter_mut().for_each(|(_, value)| value.fill(lookup)),
            Content::List(items) => items.iter_mut().for_each(|item| item.fill(lookup)),
            Content::Text(text) => match placeholder::fill(text, lookup) {
                Ok(None) => {}
                Ok(Some(filled)) => {
                    self.content = Content::Text(filled);
                    self.filled = true;
                }
                Err(unresolved) => self.content = Content::Unresolved(unresolved),
            },
            Content::Null | Content::Flag(_) | Content::Number(_) | Content::Unresolved(_) => {}
        }
    }

    /// Calls `visit` with the path and text of every scalar below this value. `path` is the path of the value itself.
    pub(super) fn scalars(&self, path: &str, visit: &mut dyn FnMut(&str, &str)) {
        match &self.content {
            Content::Map(members) => {
                for (name, value) in members {
                    let mut path = path.to_owned();
                    super::tree::extend(&mut path, name);
                    value.scalars(&path, visit);
                }
            }
            Content::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.scalars(&format!("{path}[{index}]"), visit);
                }
            }
            Content::Flag(flag) => visit(path, if *flag { "true" } else { "false" }),
            Content::Number(text) | Content::Text(text) => visit(path, text),
            Content::Null | Content::Unresolved(_) => {}
        }
    }

    /// Returns all values at a path. The names in `path` are canonical: in lower case, without dashes and underscores.
    /// The names in the document may have any spelling.
    pub(super) fn values(&self, path: &[&str]) -> Vec<&Self> {
        match (path.split_first(), &self.content) {
            (None, _) => vec![self],
            (Some((first, rest)), Content::Map(members)) => {
                let named = members.iter().filter(|(name, _)| canonical(name) == *first);
                named.flat_map(|(_, value)| value.values(rest)).collect()
            }
            (Some(_), _) => Vec::new(),
        }
    }

    /// Removes and returns the values at a path, which has the same form as in [`Self::values`]. Also removes maps that
    /// become empty.
    pub(super) fn take(&mut self, path: &[&str]) -> Vec<Self> {
        let (Some((first, rest)), Content::Map(members)) = (path.split_first(), &mut self.content) else {
            return Vec::new();
        };
        let mut taken = Vec::new();
        let mut kept = Vec::new();
        for (name, mut value) in std::mem::take(members) {
            if canonical(&name) != *first {
                kept.push((name, value));
            } else if rest.is_empty() {
                taken.push(value);
            } else {
                let inner = value.take(rest);
                let emptied =
                    !inner.is_empty() && matches!(&value.content, Content::Map(members) if members.is_empty());
                taken.extend(inner);
                if !emptied {
                    kept.push((name, value));
                }
            }
        }
        *members = kept;
        taken
    }

    /// Whether the value is null, or a text that placeholders made empty.
    pub(super) fn is_nothing(&self) -> bool {
        match &self.content {
            Content::Null => true,
            Content::Text(text) => self.filled && text.is_empty(),
            _ => false,
        }
    }
}

/// Splits a name into its first level, and the value nested in the remaining levels. A name with too many levels is not
/// split: no key has that many.
fn levels(name: &str, value: Yaml) -> (String, Yaml) {
    if name.matches(['.', '[']).nth(MAX_DEPTH).is_some() {
        return (name.to_owned(), value);
    }
    let (first, rest) = match name.find(['.', '[']) {
        Some(place) if place > 0 => name.split_at(place),
        _ => return (name.to_owned(), value),
    };
    let line = value.line;
    let inner = if let Some(rest) = rest.strip_prefix('.') {
        if rest.is_empty() {
            return (name.to_owned(), value);
        }
        let (name, value) = levels(rest, value);
        Yaml::new(line, Content::Map(vec![(name, value)]))
    } else {
        let index = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let Some((index, rest)) = index.and_then(|(index, rest)| Some((index.parse::<usize>().ok()?, rest))) else {
            return (name.to_owned(), value);
        };
        if index > MAX_INDEX {
            return (name.to_owned(), value);
        }
        let value = match rest.strip_prefix('.') {
            Some(rest) if !rest.is_empty() => {
                let (name, value) = levels(rest, value);
                Yaml::new(line, Content::Map(vec![(name, value)]))
            }
            _ if rest.is_empty() => value,
            _ => return (name.to_owned(), value),
        };
        let mut items: Vec<Yaml> = (0..index).map(|_| Yaml::new(line, Content::Null)).collect();
        items.push(value);
        Yaml::new(line, Content::List(items))
    };
    (first.to_owned(), inner)
}

/// Maximum list index in a name, so that a number cannot enlarge a list arbitrarily.
const MAX_INDEX: usize = 1000;

/// Adds a value. A map or list with an existing name is merged with the existing one.
fn merge(members: &mut Vec<(String, Yaml)>, name: String, value: Yaml) {
    let both = |one: &Yaml, other: &Yaml| {
        matches!(
            (&one.content, &other.content),
            (Content::Map(_), Content::Map(_)) | (Content::List(_), Content::List(_))
        )
    };
    let known = members.iter_mut().find(|(known, old)| *known == name && both(old, &value));
    let Some((_, old)) = known else {
        members.push((name, value));
        return;
    };
    match (&mut old.content, value.content) {
        (Content::Map(mine), Content::Map(theirs)) => {
            theirs.into_iter().for_each(|(name, value)| merge(mine, name, value));
        }
        (Content::List(mine), Content::List(theirs)) => {
            for (index, item) in theirs.into_iter().enumerate() {
                match mine.get_mut(index) {
                    Some(old) if matches!(old.content, Content::Null) => *old = item,
                    Some(old) => {
                        if let (Content::Map(mine), Content::Map(theirs)) = (&mut old.content, item.content) {
                            theirs.into_iter().for_each(|(name, value)| merge(mine, name, value));
                        }
                    }
                    None => mine.push(item),
                }
            }
        }
        _ => {}
    }
}

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, defined } = Spanned::<Content>::deserialize(deserializer)?;
        let place = |bytes: Option<u64>| bytes.and_then(|bytes| usize::try_from(bytes).ok());
        let span = defined.span();
        let bytes = place(span.byte_offset())
            .zip(place(span.byte_len()))
            .map_or(0..0, |(start, length)| start..start.saturating_add(length));
        Ok(Self { bytes, ..Self::new(referenced.line(), value) })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a yaml value")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Content, E> {
        Ok(Content::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Content, E> {
        Ok(Content::Number(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Content, E> {
        Ok(Content::Number(number.to_string()))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Content, E> {
        Ok(Content::Number(number.to_string()))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Content, E> {
        Ok(Content::Number(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Content, E> {
        Ok(Content::Number(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Content::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Content::Map(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalars(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        for document in parse(text).unwrap() {
            document.scalars("", &mut |path, text| all.push(format!("{path}={text}")));
        }
        all
    }

    #[test]
    fn splits_dotted_names() {
        assert_eq!(
            scalars("a.b: {c: 1}\na:\n  b.d[1].e: x\na.b.d[0].e: y\nl: [1, {m.n: true}]\n"),
            ["a.b.c=1", "a.b.d[0].e=y", "a.b.d[1].e=x", "l[0]=1", "l[1].m.n=true"]
        );
        // Not split: an empty level, and invalid indices.
        assert_eq!(scalars("'.a': 1\n'b.': 2\n'c[x]': 3\n'd[9999999]': 4"), [".a=1", "b.=2", "c[x]=3", "d[9999999]=4"]);
    }

    #[test]
    fn limits_the_depth() {
        let nested = |levels| "{a: ".repeat(levels) + "1" + &"}".repeat(levels);
        assert_eq!(scalars(&nested(MAX_DEPTH)).len(), 1);
        assert!(parse(&nested(MAX_DEPTH + 1)).is_err());
        let dotted = "a.".repeat(100_000) + "a";
        assert_eq!(scalars(&format!("? {dotted}\n: 1")), [format!("{dotted}=1")]);
    }

    #[test]
    fn records_lines_in_every_document() {
        let documents = parse("# first\na: 1\n---\n# nothing\n---\nb: 2\n...\n---\nc:\n  d: 3\n").unwrap();
        let line = |document: &Yaml, path: &[&str]| document.values(path)[0].line;
        assert_eq!(documents.len(), 3);
        assert_eq!(
            (line(&documents[0], &["a"]), line(&documents[1], &["b"]), line(&documents[2], &["c", "d"])),
            (2, 6, 10)
        );
    }

    #[test]
    fn removes_maps_that_become_empty() {
        let mut document = parse("spring: {config: {activate: {on-profile: a}}}\nb: {}").unwrap().remove(0);
        let taken = document.take(&["spring", "config", "activate", "onprofile"]);
        assert!(matches!(&taken[0].content, Content::Text(text) if text == "a"));
        assert_eq!((document.values(&["spring"]).len(), document.values(&["b"]).len()), (0, 1));
    }

    #[test]
    fn records_lines() {
        let document = parse("a: 1\nb:\n  c: 2\n").unwrap().remove(0);
        let Content::Map(members) = document.content else { panic!("a map") };
        let Content::Map(inner) = &members[1].1.content else { panic!("a map") };
        assert_eq!((members[0].1.line, inner[0].1.line), (1, 3));
    }
}
