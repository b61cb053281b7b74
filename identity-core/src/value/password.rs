//! Rules for new passwords: a length and a list of known-bad parts, and no rules of composition (NIST SP 800-63B-4
//! §3.1.1.2).

use super::{BrokenRule, InvalidValue, Secret};

/// Minimum number of parts of a password. See [`parts`].
const MIN_PARTS: usize = 10;
/// Minimum length of a run, such as `aaa`, `abc` or `qwe`, that counts as one part.
const MIN_RUN: usize = 3;
/// Minimum length of a known word, in characters.
const MIN_WORD: usize = 3;

/// Rows of keyboards. Neighbors within a row form runs.
const ROWS: [&str; 5] = ["qwertyuiop", "qwertzuiopü", "asdfghjklöä", "zxcvbnm", "yxcvbnm"];

/// Words that passwords often contain, in lower case.
const WORDS: [&str; 48] = [
    "access",
    "admin",
    "administrator",
    "baseball",
    "changeme",
    "company",
    "computer",
    "default",
    "demo",
    "dragon",
    "football",
    "geheim",
    "guest",
    "hallo",
    "hello",
    "identity",
    "iloveyou",
    "internet",
    "kennwort",
    "letmein",
    "login",
    "love",
    "master",
    "monkey",
    "monday",
    "pass",
    "passwort",
    "password",
    "prinzessin",
    "princess",
    "root",
    "schatz",
    "secret",
    "secure",
    "server",
    "shadow",
    "sicher",
    "sommer",
    "spring",
    "start",
    "summer",
    "sunshine",
    "superman",
    "system",
    "test",
    "welcome",
    "willkommen",
    "winter",
];

impl Secret {
    /// Minimum length of a password that a user sets, in characters, because it is the only factor of the sign-in (NIST
    /// SP 800-63B-4 §3.1.1.2).
    pub const SINGLE_FACTOR_MIN: usize = 15;
    /// Maximum length of a password that a user sets, in characters.
    pub const PASSWORD_MAX: usize = 256;

    /// Wraps a new password of 15 to 256 characters that is not easy to guess: it must not mainly consist of common
    /// words, repetitions, sequences and the texts in `known`, such as the username.
    ///
    /// # Errors
    /// If the password is too short, too long, or easy to guess.
    pub fn new_password(text: String, known: &[&str]) -> Result<Self, InvalidValue> {
        let refused = |rule| Err(InvalidValue { what: "password", rule });
        if text.chars().count() > Self::PASSWORD_MAX {
            return refused(BrokenRule::TooLong(Self::PASSWORD_MAX));
        }
        let password = Self::of_length("password", text, Self::SINGLE_FACTOR_MIN)?;
        if parts(password.expose(), known) < MIN_PARTS {
            let why = "it mainly consists of common words, names, sequences or repetitions";
            return refused(BrokenRule::Form("harder to guess", why.to_owned()));
        }
        Ok(password)
    }
}

/// Returns the number of parts of which an attacker has to guess each: a known word or a run counts as one part, any
/// other character as well. A repetition counts once.
fn parts(text: &str, known: &[&str]) -> usize {
    let text = lower_case(text);
    let known: Vec<Vec<char>> = known.iter().flat_map(|known| words_of(known)).collect();
    let known: Vec<Vec<char>> = known.into_iter().chain(WORDS.map(lower_case)).collect();
    let once = text.get(..period(&text)).unwrap_or(&text);
    let (mut place, mut count) = (0, 0);
    while let Some(rest) = once.get(place..).filter(|rest| !rest.is_empty()) {
        let word = known.iter().filter(|word| is_at_start(word, rest)).map(Vec::len).max().unwrap_or_default();
        place += word.max(run(rest)).max(1);
        count += 1;
    }
    count
}

fn lower_case(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Splits a text at characters that are neither letters nor digits. Short words are omitted.
fn words_of(text: &str) -> Vec<Vec<char>> {
    let words = text.split(|c: char| !c.is_alphanumeric()).map(lower_case);
    words.filter(|word| word.len() >= MIN_WORD).collect()
}

/// Returns the length of the shortest beginning of which the text is a repetition, or the whole length.
fn period(text: &[char]) -> usize {
    let is_repeated = |length: &usize| text.iter().zip(text.iter().skip(*length)).all(|(one, other)| one == other);
    (1..=text.len() / 2).find(is_repeated).unwrap_or(text.len())
}

/// Whether `rest` begins with `word`, also if digits and symbols replace letters, as in `p@ssw0rd`.
fn is_at_start(word: &[char], rest: &[char]) -> bool {
    word.len() <= rest.len()
        && word.iter().zip(rest).all(|(wanted, there)| wanted == there || *wanted == letter(*there))
}

/// Returns the letter that a digit or symbol often replaces, or the character itself.
fn letter(there: char) -> char {
    match there {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Returns the length of the run at the start of a text: equal characters, or characters that follow each other in the
/// alphabet, in the digits or on a keyboard, in either direction. 0 if it is too short.
fn run(text: &[char]) -> usize {
    let steps: [fn(char, char) -> bool; 5] = [
        |one, next| one == next,
        |one, next| u32::from(one) + 1 == u32::from(next),
        |one, next| u32::from(next) + 1 == u32::from(one),
        |one, next| are_neighbors(one, next),
        |one, next| are_neighbors(next, one),
    ];
    let length = |step: fn(char, char) -> bool| {
        1 + text.iter().zip(text.iter().skip(1)).take_while(|(one, next)| step(**one, **next)).count()
    };
    let longest = steps.into_iter().map(length).max().unwrap_or_default();
    if longest >= MIN_RUN { longest } else { 0 }
}

/// Whether `next` is to the right of `one` in a row of keyboards.
fn are_neighbors(one: char, next: char) -> bool {
    ROWS.iter().any(|row| row.chars().zip(row.chars().skip(1)).any(|pair| pair == (one, next)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Secret, InvalidValue> {
        Secret::new_password(text.to_owned(), &["hannelore", "h.lindqvist@example.com", "id.example.org"])
    }

    #[test]
    fn accepts_any_composition_of_sufficient_length() {
        for text in [
            "correct horse battery staple",
            "kcvrtmphzowdnbe",
            "482915730264817",
            "Die Katze schläft auf dem Sofa",
            "日本語のとても長い合言葉です。",
            "welcome to the hills of Bavaria",
        ] {
            assert!(check(text).is_ok(), "{text}");
        }
        assert!(check(&"kcvrtmphzowdnbe#".repeat(4)).is_ok(), "64 characters");
    }

    #[test]
    fn bounds_the_length_in_characters() {
        assert_eq!(check("kcvrtmphzowdnb").unwrap_err().rule, BrokenRule::TooShort(15));
        let long: String = "kcvrtmphzowdnbe".chars().cycle().take(256).collect();
        assert!(check(&long).is_ok());
        assert_eq!(check(&format!("{long}x")).unwrap_err().rule, BrokenRule::TooLong(256));
    }

    #[test]
    fn refuses_passwords_that_are_easy_to_guess() {
        for text in [
            "aaaaaaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "x7x7x7x7x7x7x7x7x7x7",
            "abcdefghijklmnopqrstuvwxyz",
            "zyxwvutsrqponmlkji",
            "012345678901234567890",
            "qwertyuiopasdfghjkl",
            "poiuztrewqlkjhgfdsa",
            "passwordpassword1!",
            "P@ssw0rdP@$$w0rd",
            "Welcome-Password-1",
            "Hannelore-Hannelore",
            "Lindqvist12345678",
            "example example org",
            "SummerWinter2026!",
        ] {
            let rule = check(text).unwrap_err().rule;
            assert!(matches!(rule, BrokenRule::Form("harder to guess", _)), "{text}: {rule:?}");
        }
    }
}
