//! Conditional documents, which apply only with certain Spring profiles or on a certain cloud platform.

use std::collections::BTreeMap;

use super::names::variable;
use super::placeholder;
use super::profiles;
use super::yaml::{Content, Yaml};

const PROFILES: &[&str] = &["spring", "profiles"];
const ACTIVE: &[&str] = &["spring", "profiles", "active"];
const INCLUDE: &[&str] = &["spring", "profiles", "include"];
const DEFAULT: &[&str] = &["spring", "profiles", "default"];
const GROUP: &[&str] = &["spring", "profiles", "group"];
const ON_PROFILE: &[&str] = &["spring", "config", "activate", "onprofile"];
const ON_PLATFORM: &[&str] = &["spring", "config", "activate", "oncloudplatform"];

/// Name of the profile that is active if no other one is.
const FALLBACK: &str = "default";
/// Cloud platforms known to Spring for which a condition is valid, but never met.
const OTHER_PLATFORMS: [&str; 5] = ["cloudfoundry", "heroku", "sap", "nomad", "azureappservice"];
/// Maximum nesting depth of parentheses and negations in a profile expression.
const MAX_DEPTH: usize = 16;

/// Active profiles and platform, against which the conditions of documents are evaluated.
#[derive(Debug)]
pub(super) struct Active {
    /// Active Spring profiles; later ones take precedence.
    pub(super) profiles: Vec<String>,
    kubernetes: bool,
}

impl Active {
    /// Determines the active profiles: those in `json` take precedence over environment variables, and these over the
    /// documents. Each profile is followed by the profiles of its group.
    pub(super) fn new<'y>(
        variables: &BTreeMap<String, String>,
        json: Option<&'y Yaml>,
        documents: impl Iterator<Item = &'y Yaml>,
    ) -> Self {
        let kubernetes = variables.get("KUBERNETES_SERVICE_HOST").is_some_and(|host| !host.is_empty());
        let is_here = |document: &&Yaml| {
            let platforms = document.values(ON_PLATFORM);
            platforms.into_iter().all(|value| is_platform(value, variables, kubernetes) == Some(true))
        };
        let documents = documents.filter(|document| document.values(ON_PROFILE).is_empty()).filter(is_here);
        // The source with the highest precedence comes last.
        let sources: Vec<&Yaml> = documents.collect();
        let last = |sources: &[&Yaml], path: &[&str]| {
            let value = sources.iter().flat_map(|document| document.values(path)).last();
            value.map(|value| texts(value, variables).unwrap_or_default())
        };
        let named = |path: &[&str], name: &str| {
            let of_json = json.and_then(|json| last(&[json], path));
            of_json.or_else(|| named_by(variables, name)).or_else(|| last(&sources, path)).unwrap_or_default()
        };
        let mut profiles = named(INCLUDE, profiles::INCLUDE);
        let chosen = named(ACTIVE, profiles::VARIABLE);
        if profiles.is_empty() && chosen.is_empty() {
            profiles = named(DEFAULT, profiles::DEFAULT);
        }
        profiles.extend(chosen);
        if profiles.is_empty() {
            profiles.push(FALLBACK.to_owned());
        }
        let groups = groups(sources.into_iter().chain(json), variables);
        Self { profiles: expanded(profiles, &groups), kubernetes }
    }

    fn accepts(&self, profile: &str) -> bool {
        self.profiles.iter().any(|active| active == profile)
    }
}

/// Reads a list from environment variables, as a whole (`NAME`) or by element (`NAME_0`). `None` if no variable sets
/// it.
fn named_by(variables: &BTreeMap<String, String>, wanted: &str) -> Option<Vec<String>> {
    let elements = variables.iter().filter(|(_, value)| !value.is_empty()).filter_map(|(name, value)| {
        let name = variable(name);
        let rest = name.strip_prefix(wanted)?;
        let place = if rest.is_empty() { 0 } else { rest.strip_prefix('_')?.parse::<usize>().ok()? };
        Some((place, list(value)))
    });
    let elements: BTreeMap<usize, Vec<String>> = elements.collect();
    (!elements.is_empty()).then(|| elements.into_values().flatten().collect())
}

/// Returns the profile groups: for each profile, the further profiles that it activates.
fn groups<'y>(
    sources: impl Iterator<Item = &'y Yaml>,
    variables: &BTreeMap<String, String>,
) -> BTreeMap<String, Vec<String>> {
    let mut groups = BTreeMap::new();
    for value in sources.flat_map(|document| document.values(GROUP)) {
        if let Content::Map(members) = &value.content {
            let known = members.iter().filter_map(|(name, value)| Some((name.clone(), texts(value, variables)?)));
            groups.extend(known);
        }
    }
    let names = variables.keys().filter_map(|name| {
        let name = variable(name).strip_prefix(profiles::GROUP)?.strip_prefix('_')?.to_lowercase();
        let element = name.rsplit_once('_').filter(|(_, place)| place.parse::<usize>().is_ok());
        Some(element.map_or_else(|| name.clone(), |(group, _)| group.to_owned()))
    });
    for name in names {
        let members = named_by(variables, &format!("{}_{}", profiles::GROUP, name.to_uppercase()));
        groups.extend(members.map(|members| (name, members)));
    }
    groups
}

/// Returns the distinct profiles, each followed by the profiles of its group.
fn expanded(profiles: Vec<String>, groups: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut stack: Vec<String> = profiles.into_iter().rev().collect();
    while let Some(profile) = stack.pop() {
        if !all.contains(&profile) {
            stack.extend(groups.get(&profile).into_iter().flatten().rev().cloned());
            all.push(profile);
        }
    }
    all
}

/// Invalid condition of a document: line, key and message.
pub(super) type Fault = (u64, &'static str, String);

/// Removes the condition from a document, and returns whether it is met, so that the document applies.
///
/// # Errors
/// Returns an error if the condition is invalid, or if a document with a profile condition selects profiles.
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
            let message = "must be a cloud platform of Spring, such as `kubernetes`".to_owned();
            return Err((value.line, "spring.config.activate.on-cloud-platform", message));
        };
        applies &= is_here;
    }
    if !conditions.is_empty()
        && let Some(value) =
            [ACTIVE, INCLUDE, DEFAULT, GROUP].into_iter().find_map(|path| document.values(path).into_iter().next())
    {
        let message = "selects profiles in a document with a profile condition; move it to a document without \
            `spring.config.activate.on-profile`";
        return Err((value.line, "spring.profiles", message.to_owned()));
    }
    let former = document
        .values(PROFILES)
        .into_iter()
        .find(|value| matches!(value.content, Content::Text(_) | Content::List(_)));
    // Form of Spring Boot before release 2.4, which later releases reject.
    if let Some(value) = former {
        let message = "is no longer how a document names its profiles; write `spring.config.activate.on-profile`";
        return Err((value.line, "spring.profiles", message.to_owned()));
    }
    Ok(applies)
}

/// Whether a value names the current platform, such as `kubernetes`; `None` if the name is unknown.
fn is_platform(value: &Yaml, variables: &BTreeMap<String, String>, kubernetes: bool) -> Option<bool> {
    let name = texts(value, variables).unwrap_or_default().join(",");
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect();
    match name.as_str() {
        "kubernetes" => Some(kubernetes),
        "none" => Some(!kubernetes),
        other => OTHER_PLATFORMS.contains(&other).then_some(false),
    }
}

/// Parses a comma-separated text or a list of texts. `None` for another shape, or an unresolvable placeholder.
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

/// Profile expression of names, `!`, `&`, `|` and parentheses. As in Spring, mixing `&` and `|` requires parentheses.
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
    fn evaluates_spring_profile_expressions() {
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
    fn rejects_invalid_expressions() {
        let deep = "!".repeat(100_000) + "a";
        let nested = "(".repeat(100_000);
        for wrong in ["", " ", "a & b | c", "a &", "| a", "!", "(a", "a)", "()", "a & & b", "a (b)", &deep, &nested] {
            assert!(accepts(wrong, &["a"]).is_err(), "{}", wrong.get(..5).unwrap_or(wrong));
        }
    }
}
