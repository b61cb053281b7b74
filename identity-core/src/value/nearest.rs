//! Displayable values for text from other systems that violates the rules of this crate, such as a blank name.

use super::{InvalidValue, Name, is_visible};

/// Maximum length of a visible form, in characters.
const MAX: usize = 256;

/// Parses text from another system. If it violates a rule, parses its visible form instead, in which signs such as `␠`
/// replace invisible characters. Use the result for display and for ids in lists only. Requests to the other system
/// must contain the original text.
///
/// # Errors
/// If the visible form violates a rule as well.
pub fn nearest<T>(text: &str, parse: impl Fn(&str) -> Result<T, InvalidValue>) -> Result<T, InvalidValue> {
    parse(text).or_else(|_| parse(&visible_form(text)))
}

/// Trims a text from another system and parses it as a name. If it violates a rule, parses its visible form instead.
///
/// # Errors
/// As for [`nearest`]. In practice there are none, because every visible form is a valid name.
pub fn nearest_name(text: &str) -> Result<Name, InvalidValue> {
    let trimmed = text.trim();
    nearest(if trimmed.is_empty() { text } else { trimmed }, Name::parse)
}

/// Returns true if the text contains a sign that [`nearest`] substitutes, so that it may differ from the original text.
#[must_use]
pub fn is_visible_form(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{2400}'..='\u{2422}' | '\u{FFFD}' | '…'))
}

/// Replaces invisible characters by signs: control characters by control pictures (from U+2400), leading and trailing
/// spaces by `␠`, others by U+FFFD. An empty text becomes `␢`. A text of more than [`MAX`] characters is truncated and
/// ends with `…`.
fn visible_form(text: &str) -> String {
    if text.is_empty() {
        return "\u{2422}".to_owned();
    }
    let start = text.len() - text.trim_start().len();
    let end = text.trim_end().len();
    let sign = |(at, c): (usize, char)| match c {
        ' ' if at < start || at >= end => '\u{2420}',
        '\u{7F}' => '\u{2421}',
        '\0'..='\u{1F}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{FFFD}'),
        c if c.is_control() || (c.is_whitespace() && c != ' ') => '\u{FFFD}',
        c if is_visible(c.encode_utf8(&mut [0; 4])) => c,
        _ => '\u{FFFD}',
    };
    let mut form: String = text.char_indices().map(sign).collect();
    if form.chars().nth(MAX).is_some() {
        form = form.chars().take(MAX - 1).collect::<String>() + "…";
    }
    // Truncation may have moved an inner space to the end.
    if form.trim() != form {
        form = form.replace(' ', "\u{2420}");
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{ClientId, RoleId};

    #[test]
    fn text_that_follows_the_rules_stays_and_other_text_has_a_visible_form() {
        for (text, form) in [
            ("Sales", "Sales"),
            (" lead", "␠lead"),
            ("tail ", "tail␠"),
            ("two\nlines", "two␊lines"),
            ("bell\u{7}", "bell␇"),
            ("\u{7F}", "␡"),
            ("", "␢"),
            ("  ", "␠␠"),
            ("\u{85}", "\u{FFFD}"),
        ] {
            assert_eq!(nearest(text, RoleId::parse).unwrap().as_str(), form, "{text:?}");
            assert_eq!(is_visible_form(form), form != "Sales");
        }
        let long = nearest(&"x".repeat(300), ClientId::parse).unwrap();
        assert_eq!((long.as_str().chars().count(), long.as_str().ends_with('…')), (256, true));
    }

    #[test]
    fn a_name_has_no_white_space_at_its_ends() {
        assert_eq!(nearest_name(" Ann ").unwrap().as_str(), "Ann");
        assert_eq!(nearest_name(" \n ").unwrap().as_str(), "␠␊␠");
        for text in ["", "\u{0}", "\u{202E}", &" x".repeat(300), &"\u{200D}".repeat(300), "a\u{2028}"] {
            assert!(nearest_name(text).is_ok(), "{text:?}");
        }
    }
}
