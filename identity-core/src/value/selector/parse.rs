//! Parser of selector paths: one pass without backtracking, so that the cost is linear in the length of the text.

use std::iter::Peekable;
use std::str::CharIndices;
use std::sync::Arc;

use serde_json::{Number, Value};

use super::Segment;
use super::filter::{Comparator, Condition, Filter, Place};

/// Maximum number of steps of a selector path, and of each path in its filter.
const MAX_SEGMENTS: usize = 32;
/// Maximum number of conditions of a filter, over all groups.
const MAX_CONDITIONS: usize = 16;
/// Largest absolute index (RFC 9535 §2.1: the exact integers of I-JSON).
const MAX_INDEX: i64 = (1 << 53) - 1;

const PARENTHESES: &str = "parentheses stand around a whole filter only; `&&` binds tighter than `||`";

/// Message for the author of a rule: position of the error, problem and expected form.
type Fault = String;

/// Parses a complete path: `$` and its steps.
pub(super) fn path(text: &str) -> Result<Vec<Segment>, Fault> {
    let mut reader = Reader { text, rest: text.char_indices().peekable() };
    reader.expect('$', "a path begins with `$`")?;
    let mut segments = Vec::new();
    let mut place = reader.place();
    while reader.peek().is_some() {
        let segment = reader.segment(&mut segments)?;
        let again = |kind: fn(&Segment) -> bool| kind(&segment) && segments.iter().any(kind);
        if again(|segment| matches!(segment, Segment::Filter(_))) {
            return Err(fault(place, "there is a second filter; join the conditions of one filter with `&&`"));
        }
        segments.push(segment);
        if segments.len() > MAX_SEGMENTS {
            return Err(fault(place, &format!("the path has more than {MAX_SEGMENTS} steps; shorten it")));
        }
        reader.blank();
        place = reader.place();
    }
    Ok(segments)
}

fn fault(place: usize, what: &str) -> Fault {
    format!("at character {place}: {what}")
}

struct Reader<'t> {
    text: &'t str,
    rest: Peekable<CharIndices<'t>>,
}

impl<'t> Reader<'t> {
    fn peek(&mut self) -> Option<char> {
        self.rest.peek().map(|(_, character)| *character)
    }

    fn next(&mut self) -> Option<char> {
        self.rest.next().map(|(_, character)| character)
    }

    /// Byte offset of the next character; the length of the text at its end.
    fn offset(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |(offset, _)| *offset)
    }

    /// Position of the next character, counted in characters from 1.
    fn place(&mut self) -> usize {
        let offset = self.offset();
        self.text.get(..offset).map_or(0, |before| before.chars().count()) + 1
    }

    fn fault<T>(&mut self, what: &str) -> Result<T, Fault> {
        Err(fault(self.place(), what))
    }

    fn blank(&mut self) {
        while self.peek() == Some(' ') {
            self.next();
        }
    }

    /// Consumes the next character if it is `wanted`. Returns whether it was.
    fn takes(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.next();
        }
        there
    }

    fn expect(&mut self, wanted: char, otherwise: &str) -> Result<(), Fault> {
        if self.takes(wanted) { Ok(()) } else { self.fault(otherwise) }
    }

    /// Parses one step and returns it. `before` contains the steps parsed so far. For `..`, appends
    /// [`Segment::Descendants`] to `before` and returns the step after the dots.
    fn segment(&mut self, before: &mut Vec<Segment>) -> Result<Segment, Fault> {
        let place = self.place();
        match self.next() {
            Some('.') if self.takes('.') => {
                if before.contains(&Segment::Descendants) {
                    return Err(fault(place, "there is a second `..`; name the members between the two"));
                }
                before.push(Segment::Descendants);
                if self.takes('[') { self.bracket() } else { self.dotted() }
            }
            Some('.') => self.dotted(),
            Some('[') => self.bracket(),
            _ => Err(fault(place, "a step begins with `.` or `[`, such as `.name`, `['name']`, `[0]` or `[*]`")),
        }
    }

    /// Parses the part of a step after its dot: `*` or a name.
    fn dotted(&mut self) -> Result<Segment, Fault> {
        if self.takes('*') {
            return Ok(Segment::Every);
        }
        Ok(Segment::Name(Arc::from(self.name()?)))
    }

    /// Parses a name after a dot. Unlike RFC 9535, also accepts dashes, colons and a leading digit without brackets.
    /// Other JSONPath dialects do so as well, and the text is unambiguous.
    fn name(&mut self) -> Result<&'t str, Fault> {
        const NAMES: &str =
            "a name has letters, digits, `_`, `-` and `:`; put other names in brackets, such as `['my.app']`";
        let from = self.offset();
        let is_of_name =
            |next: char| next.is_ascii_alphanumeric() || matches!(next, '_' | '-' | ':') || !next.is_ascii();
        while self.peek().is_some_and(is_of_name) {
            self.next();
        }
        let to = self.offset();
        match self.text.get(from..to) {
            Some(name)
                if !name.is_empty()
                    && matches!(
                        self.peek(),
                        None | Some('.' | '[' | ' ' | ']' | '=' | '!' | '<' | '>' | '&' | '|' | ')')
                    ) =>
            {
                Ok(name)
            }
            _ => self.fault(NAMES),
        }
    }

    /// Parses the part of a step after `[`, including the closing `]`.
    fn bracket(&mut self) -> Result<Segment, Fault> {
        self.blank();
        let segment = match self.peek() {
            Some('*') => {
                self.next();
                Segment::Every
            }
            Some('?') => {
                self.next();
                self.blank();
                let is_wrapped = self.takes('(');
                let filter = self.filter()?;
                if is_wrapped {
                    self.expect(')', PARENTHESES)?;
                    self.blank();
                    if matches!(self.peek(), Some('&' | '|')) {
                        return self.fault(PARENTHESES);
                    }
                }
                Segment::Filter(Arc::new(filter))
            }
            Some('\'' | '"') => Segment::Name(Arc::from(self.quoted()?)),
            Some('-' | '0'..='9') => Segment::Index(self.index()?),
            _ => {
                return self
                    .fault("brackets hold a quoted name, an index, `*` or a filter, such as `[?@.type == 'team']`");
            }
        };
        self.blank();
        match self.peek() {
            Some(',') => self.fault("lists of names or indexes are not supported; create a rule for each"),
            Some(':') => self.fault("slices are not supported; use an index or `*`"),
            _ => {
                self.expect(']', "a `]` is missing")?;
                Ok(segment)
            }
        }
    }

    fn index(&mut self) -> Result<i64, Fault> {
        let place = self.place();
        let from = self.offset();
        self.takes('-');
        while self.peek().is_some_and(|next| next.is_ascii_digit()) {
            self.next();
        }
        let to = self.offset();
        let text = self.text.get(from..to).unwrap_or_default();
        let digits = text.trim_start_matches('-');
        let canonical = text == "0" || !digits.is_empty() && !digits.starts_with('0');
        let index = text.parse().ok().filter(|index: &i64| canonical && index.abs() <= MAX_INDEX);
        index.ok_or_else(|| fault(place, "an index is a whole number without leading zeros, such as `[0]` or `[-1]`"))
    }

    /// Parses a string in single or double quotes (RFC 9535 §2.3.1).
    fn quoted(&mut self) -> Result<String, Fault> {
        let place = self.place();
        let open = || fault(place, "the quotation mark is not closed");
        let quote = self.next().ok_or_else(open)?;
        let mut text = String::new();
        loop {
            match self.next().ok_or_else(open)? {
                end if end == quote => return Ok(text),
                '\\' => text.push(self.escaped(quote)?),
                other => text.push(other),
            }
        }
    }

    fn escaped(&mut self, quote: char) -> Result<char, Fault> {
        let place = self.place();
        match self.next() {
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some(same @ ('/' | '\\')) => Ok(same),
            Some(same) if same == quote => Ok(same),
            Some('u') => self.unicode().ok_or_else(|| fault(place, "`\\u` is followed by four hexadecimal digits")),
            _ => Err(fault(place, "this character needs no backslash; `\\\\` is a backslash")),
        }
    }

    /// Decodes the four digits after `\u`. For the first half of a surrogate pair, also decodes the second escape.
    /// `None` for invalid digits or an unpaired surrogate.
    fn unicode(&mut self) -> Option<char> {
        let first = self.hexadecimal()?;
        if !(0xD800..0xDC00).contains(&first) {
            return char::from_u32(first);
        }
        let second = (self.takes('\\') && self.takes('u')).then(|| self.hexadecimal())??;
        let low = second.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
        char::from_u32(0x10000 + ((first - 0xD800) << 10) + low)
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |number, _| Some(number * 16 + self.next()?.to_digit(16)?))
    }

    /// Parses the conditions of a filter, joined by `&&` and `||`. `&&` has the higher precedence.
    fn filter(&mut self) -> Result<Filter, Fault> {
        let from = self.offset();
        let mut any = vec![Vec::new()];
        let mut count = 0;
        loop {
            count += 1;
            if count > MAX_CONDITIONS {
                return self.fault(&format!("a filter has at most {MAX_CONDITIONS} conditions; create several rules"));
            }
            self.blank();
            let condition = self.condition()?;
            if let Some(all) = any.last_mut() {
                all.push(condition);
            }
            self.blank();
            match self.peek() {
                Some('&') => self.operator("&&")?,
                Some('|') => {
                    self.operator("||")?;
                    any.push(Vec::new());
                }
                _ => break,
            }
        }
        let to = self.offset();
        Ok(Filter { source: Arc::from(self.text.get(from..to).unwrap_or_default().trim()), any })
    }

    fn operator(&mut self, operator: &str) -> Result<(), Fault> {
        for wanted in operator.chars() {
            self.expect(wanted, "conditions are joined by `&&` or `||`")?;
        }
        Ok(())
    }

    fn condition(&mut self) -> Result<Condition, Fault> {
        match self.peek() {
            Some('@') => {
                let path = self.member()?;
                match self.comparator()? {
                    Some(comparator) => Ok(Condition::Compares(path, comparator, self.literal()?)),
                    None => Ok(Condition::Exists(path, true)),
                }
            }
            Some('!') => {
                self.next();
                self.blank();
                Ok(Condition::Exists(self.member()?, false))
            }
            Some('(') => self.fault(PARENTHESES),
            Some('$') => self.fault("a filter looks at its own elements only; begin with `@`"),
            Some(_) => {
                let literal = self.literal()?;
                let place = self.place();
                let comparator =
                    self.comparator()?.ok_or_else(|| fault(place, "a comparison is missing, such as `== @.name`"))?;
                Ok(Condition::Compares(self.member()?, comparator.flipped(), literal))
            }
            None => self.fault("a condition is missing, such as `@.type == 'team'`"),
        }
    }

    /// Parses the path of a condition, such as `@.type`: `@`, names and indexes. It selects at most one node.
    fn member(&mut self) -> Result<Vec<Place>, Fault> {
        self.expect('@', "a condition names a member of the element, such as `@.type`")?;
        let mut path = Vec::new();
        loop {
            match self.peek() {
                Some('.') => {
                    self.next();
                    if matches!(self.peek(), Some('.' | '*')) {
                        return self.fault("the conditions of a filter take names and indexes only");
                    }
                    path.push(Place::Name(self.name()?.to_owned()));
                }
                Some('[') => {
                    self.next();
                    self.blank();
                    path.push(match self.peek() {
                        Some('\'' | '"') => Place::Name(self.quoted()?),
                        Some('-' | '0'..='9') => Place::Index(self.index()?),
                        _ => return self.fault("the conditions of a filter take names and indexes only"),
                    });
                    self.blank();
                    self.expect(']', "a `]` is missing")?;
                }
                _ => return Ok(path),
            }
            if path.len() > MAX_SEGMENTS {
                return self.fault(&format!("a condition has more than {MAX_SEGMENTS} steps; shorten it"));
            }
        }
    }

    fn comparator(&mut self) -> Result<Option<Comparator>, Fault> {
        self.blank();
        let place = self.place();
        let (strict, loose) = match self.peek() {
            Some('=') => (None, Comparator::Equal),
            Some('!') => (None, Comparator::NotEqual),
            Some('<') => (Some(Comparator::Less), Comparator::LessOrEqual),
            Some('>') => (Some(Comparator::Greater), Comparator::GreaterOrEqual),
            _ => return Ok(None),
        };
        self.next();
        if self.peek() == Some('~') {
            return Err(fault(
                place,
                "regular expressions are not supported; write a comparison for each text, such as `@.id == 'r1' || @.id == 'r2'`",
            ));
        }
        let comparator = if self.takes('=') { Some(loose) } else { strict };
        self.blank();
        comparator.map(Some).ok_or_else(|| fault(place, "comparisons are `==`, `!=`, `<`, `<=`, `>` and `>=`"))
    }

    fn literal(&mut self) -> Result<Value, Fault> {
        const LITERALS: &str = "members are compared with a quoted text, a number, `true`, `false` or `null`; functions and \
                                queries are not supported";
        let place = self.place();
        if matches!(self.peek(), Some('\'' | '"')) {
            return self.quoted().map(Value::String);
        }
        let from = self.offset();
        while self.peek().is_some_and(|next| next.is_ascii_alphanumeric() || matches!(next, '-' | '+' | '.')) {
            self.next();
        }
        let to = self.offset();
        let literal = match self.text.get(from..to).unwrap_or_default() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "null" => Some(Value::Null),
            number => number.parse::<Number>().ok().map(Value::Number),
        };
        literal.ok_or_else(|| fault(place, LITERALS))
    }
}
