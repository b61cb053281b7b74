//! Documents that apply with some of Spring's profiles, or on a cloud platform.

use std::collections::BTreeMap;

use super::names::variable;
use super::placeholder;
use super::profiles;
use super::yaml::{Content, Yaml};

const ACTIVE: &[&str] = &["spring", "profiles", "active"];
const INCLUDE: &[&str] = &["spring", "profiles", "include"];
const INCLUDE_VARIABLE: &str = "SPRING_PROFILES_INCLUDE";
const ON_PROFILE: &[&str] = &["spring", "config", "activate", "onprofile"];
const ON_PLATFORM: &[&str] = &["spring", "config", "activate", "oncloudplatform"];
/// The way of Spring Boot before release 2.4, which it refuses today.
const FORMER: &[&str] = &["spring", "profiles"];

/// The profile that is active when no other is.
const DEFAULT: &str = "default";
/// Platforms that are known and are not this one.
const OTHER_PLATFORMS: [&str; 5] = ["cloudfoundry", "heroku", "sap", "nomad", "azureappservice"];
/// The most levels of parentheses and negations in an expression.
const MAX_DEPTH: usize = 16;

/// What documents are held against.
#[derive(Debug)]
pub(super) struct Active {
    /// The active profiles; a later one wins.
    pub(super) profiles: Vec<String>,
    kubernetes: bool,
}

impl Active {
    /// The profiles that the environment names, else those that the documents do.
    pub(super) fn new<'y>(
        variables: &BTreeMap<String, String>,
        documents: impl Iterator<Item = &'y Yaml> + Clone,
    ) -> Self {
        let given = |wanted: &str| {
            let mut set = variables.iter().filter(|(_, value)| !value.is_empty());
            set.find(|(name, _)| variable(name) == wanted).map(|(_, value)| list(value))
        };
        let kubernetes = variables.get("KUBERNETES_SERVICE_HOST").is_some_and(|host| !host.is_empty());
        let is_here = |document: &&Yaml| {
            let platforms = document.values(ON_PLATFORM);
            platforms.into_iter().all(|value| is_platform(value, variables, kubernetes) == Some(true))
        };
        let said = |path: &[&str]| {
            let last = documents.clone().filter(|document| document.values(ON_PROFILE).is_empty()).filter(is_here);
            let last = last.flat_map(|document| document.values(path)).last();
            last.map_or_else(Vec::new, |value| texts(value, variables).unwrap_or_default())
        };
        let mut profiles = given(INCLUDE_VARIABLE).unwrap_or_else(|| said(INCLUDE));
        profiles.extend(given(profiles::VARIABLE).unwrap_or_else(|| said(ACTIVE)));
        if profiles.is_empty() {
            profiles.push(DEFAULT.to_owned());
        }
        Self { profiles, kubernetes }
    }

    fn accepts(&self, profile: &str) -> bool {
        self.profiles.iter().any(|active| active == profile)
    }
}

/// Something wrong in a condition: the line, the key, and what is wrong.
pub(super) type Fault = (u64, &'static str, String);

/// Takes the condition out of a document. Answers whether the document applies.
///
/// # Errors
/// What is wrong with the condition.
pub(super) fn take(document: &mut Yaml, variables: &BTreeMap<String, String>, active: &Active) -> Result<bool, Fault> {
    let mut applies = true;
    let conditions = document.take(ON_PROFILE);
    for value in &conditions {
        let fault = |message: String| (value.line, "spring.config.activate.on-profile", message);
        let expressions =
            texts(value, variables).ok_or_else(|| fault("must be an expression of profiles".to_owned()))?;
        let mut any = expressions.is_empty();
        for expression in &expressions {
            any |= Expression::parse(expression).map_err(fault)?.accepts(active);
        }
        applies &= any;
    }
    for value in document.take(ON_PLATFORM) {
        let Some(is_here) = is_platform(&value, variables, active.kubernetes) else {
            let message = "must be a cloud platform that Spring knows, such as `kubernetes`".to_owned();
            return Err((value.line, "spring.config.activate.on-cloud-platform", message));
        };
        applies &= is_here;
    }
    if !conditions.is_empty()
        && let Some(value) = [ACTIVE, INCLUDE].into_iter().find_map(|path| document.values(path).into_iter().next())
    {
        let message = "chooses profiles in a document that applies with some profiles only; move it to a document without \
                       `spring.config.activate.on-profile`";
        return Err((value.line, "spring.profiles", message.to_owned()));
    }
    let former =
        document.values(FORMER).into_iter().find(|value| matches!(value.content, Content::Text(_) | Content::List(_)));
    if let Some(value) = former {
        let message = "is no longer how a document names its profiles; write `spring.config.activate.on-profile`";
        return Err((value.line, "spring.profiles", message.to_owned()));
    }
    Ok(applies)
}

/// Whether this is the platform that a value names. `None` for a name that is none.
fn is_platform(value: &Yaml, variables: &BTreeMap<String, String>, kubernetes: bool) -> Option<bool> {
    let name = texts(value, variables).unwrap_or_default().join(",");
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect();
    match name.as_str() {
        "kubernetes" => Some(kubernetes),
        "none" => Some(!kubernetes),
        other => OTHER_PLATFORMS.contains(&other).then_some(false),
    }
}

/// A text with commas, or a list of texts. `None` for another shape, or a placeholder without a value.
fn texts(value: &Yaml, variables: &BTreeMap<String, String>) -> Option<Vec<String>> {
    let environment = |name: &str| variables.get(name).or_else(|| variables.get(&variable(name))).cloned();
    match &value.content {
        Content::Null => Some(Vec::new()),
        Content::Text(text) => {
            let filled = placeholder::fill(text, &environment).ok()?;
            Some(list(filled.as_deref().unwrap_or(text)))
        }
        Content::List(items) => {
            let all: Option<Vec<Vec<String>>> = items.iter().map(|item| texts(item, variables)).collect();
            Some(all?.into_iter().flatten().collect())
        }
        Content::Flag(_) | Content::Number(_) | Content::Map(_) | Content::Unresolved(_) => None,
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// An expression of profiles: names, `!`, `&`, `|` and parentheses. As in Spring, `&` and `|` are mixed with parentheses only.
#[derive(Debug, PartialEq, Eq)]
enum Expression {
    Name(String),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl Expression {
    fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = Tokens { rest: text };
        let expression = Self::operands(&mut tokens, 0)?;
        if tokens.rest.is_empty() { Ok(expression) } else { Err("has a `)` without a `(`".to_owned()) }
    }

    fn operands(tokens: &mut Tokens<'_>, depth: usize) -> Result<Self, String> {
        let mut operands = vec![Self::operand(tokens, depth)?];
        let mut operator = None;
        while let Some(next @ ("&" | "|")) = tokens.peek() {
            if *operator.get_or_insert(next) != next {
                return Err("mixes `&` and `|`; put parentheses around one of them".to_owned());
            }
            _ = tokens.next();
            operands.push(Self::operand(tokens, depth)?);
        }
        match (operator, operands.pop()) {
            (None, Some(one)) => Ok(one),
            (operator, last) => {
                operands.extend(last);
                Ok(if operator == Some("&") { Self::All(operands) } else { Self::Any(operands) })
            }
        }
    }

    fn operand(tokens: &mut Tokens<'_>, depth: usize) -> Result<Self, String> {
        if depth > MAX_DEPTH {
            return Err(format!("has more than {MAX_DEPTH} levels"));
        }
        match tokens.next() {
            Some("!") => Ok(Self::Not(Box::new(Self::operand(tokens, depth + 1)?))),
            Some("(") => {
                let inner = Self::operands(tokens, depth + 1)?;
                if tokens.next() == Some(")") { Ok(inner) } else { Err("has a `(` without a `)`".to_owned()) }
            }
            Some(name) if !matches!(name, "&" | "|" | ")") => Ok(Self::Name(name.to_owned())),
            _ => Err("must have a profile on both sides of `&` and `|`, and after `!` and `(`".to_owned()),
        }
    }

    fn accepts(&self, active: &Active) -> bool {
        match self {
            Self::Name(name) => active.accepts(name),
            Self::Not(inner) => !inner.accepts(active),
            Self::All(operands) => operands.iter().all(|operand| operand.accepts(active)),
            Self::Any(operands) => operands.iter().any(|operand| operand.accepts(active)),
        }
    }
}

struct Tokens<'t> {
    rest: &'t str,
}

impl<'t> Tokens<'t> {
    fn peek(&self) -> Option<&'t str> {
        Tokens { rest: self.rest }.next()
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        const SIGNS: [char; 5] = ['(', ')', '&', '|', '!'];
        let text = self.rest.trim_start();
        let end = if text.starts_with(SIGNS) { 1 } else { text.find(SIGNS).unwrap_or(text.len()) };
        let (token, rest) = text.split_at_checked(end)?;
        self.rest = rest.trim_start();
        (!token.is_empty()).then(|| token.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(expression: &str, profiles: &[&str]) -> Result<bool, String> {
        let profiles = profiles.iter().map(|name| (*name).to_owned()).collect();
        Ok(Expression::parse(expression)?.accepts(&Active { profiles, kubernetes: false }))
    }

    #[test]
    fn expressions_are_those_of_spring() {
        for (expression, profiles, expected) in [
            ("a", &["a"][..], true),
            ("a", &["A"], false),
            ("!a", &["b"], true),
            ("!!a", &["a"], true),
            ("a & b", &["a", "b"], true),
            ("a&b", &["a"], false),
            ("a | b | c", &["c"], true),
            ("(a | b) & !c", &["b"], true),
            ("(a | b) & !c", &["b", "c"], false),
            ("!(a & b)", &["a", "b"], false),
            (" ( a ) ", &["a"], true),
            ("on-prem.eu", &["on-prem.eu"], true),
        ] {
            assert_eq!(accepts(expression, profiles), Ok(expected), "{expression} with {profiles:?}");
        }
    }

    #[test]
    fn other_expressions_are_refused() {
        let deep = "!".repeat(100_000) + "a";
        let nested = "(".repeat(100_000);
        for wrong in ["", " ", "a & b | c", "a &", "| a", "!", "(a", "a)", "()", "a & & b", "a (b)", &deep, &nested] {
            assert!(accepts(wrong, &["a"]).is_err(), "{}", wrong.get(..5).unwrap_or(wrong));
        }
    }
}
