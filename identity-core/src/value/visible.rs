//! Detection of invisible characters, which make different texts look alike (Unicode Technical Report 36 §2.5).

/// Returns true if a text contains no invisible or reordering characters: bidirectional controls (Unicode Standard
/// Annex 9 §2), zero-width and other format characters, fillers and tags. The joiners U+200C and U+200D, which some
/// scripts need, are accepted after a visible non-ASCII character and before a letter, digit or non-ASCII character.
#[must_use]
pub fn is_visible(text: &str) -> bool {
    let mut after_visible = false;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let is_joiner = matches!(c, '\u{200C}' | '\u{200D}');
        if is_joiner {
            let before_visible = characters.peek().is_some_and(|next| next.is_alphanumeric() || !next.is_ascii());
            if !after_visible || !before_visible {
                return false;
            }
        } else if is_hidden(c) {
            return false;
        }
        after_visible = !is_joiner && !c.is_ascii();
    }
    true
}

/// Returns true for an invisible or reordering character. The joiners U+200C and U+200D depend on their context and are
/// not included.
pub(crate) fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_bidirectional_controls_and_characters_that_are_not_seen() {
        for hidden in [
            '\u{202E}',
            '\u{202A}',
            '\u{2066}',
            '\u{2069}',
            '\u{200E}',
            '\u{200F}',
            '\u{061C}',
            '\u{200B}',
            '\u{2060}',
            '\u{FEFF}',
            '\u{00AD}',
            '\u{3164}',
            '\u{E0041}',
            '\u{2028}',
        ] {
            for text in [format!("ad{hidden}min"), format!("{hidden}admin"), format!("admin{hidden}")] {
                assert!(!is_visible(&text), "{text:?}");
            }
        }
        for joiner in ['\u{200C}', '\u{200D}'] {
            for text in [format!("ad{joiner}min"), format!("admin{joiner}"), format!("{joiner}admin")] {
                assert!(!is_visible(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn accepts_all_scripts() {
        for text in ["admin", "Bjørn", "北京", "אבג", "عربي", "می\u{200C}خواهم", "👩\u{200D}💻", "two\nlines\t", ""]
        {
            assert!(is_visible(text), "{text:?}");
        }
    }
}
