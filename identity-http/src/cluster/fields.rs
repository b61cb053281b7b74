//! Request objects of `/v2`, read strictly (orchestration reference §1.11): a property that nobody asked for, a wrong type, an
//! explicit null where something is required, each is a finding; and all findings are answered together.

use actix_web::http::StatusCode;
use identity_core::search::LikePattern;
use identity_core::value::{InvalidValue, strict_json_object};
use serde_json::{Map, Value};

use crate::problem::Problem;

/// What is wrong with a request, in two kinds that clients tell apart by the problem's title.
#[derive(Default)]
pub(crate) struct Report {
    /// `Bad Request`: properties that are not there, wrong types, unknown words.
    shape: Vec<String>,
    /// `INVALID_ARGUMENT`: missing or blank text, bad characters, too long.
    values: Vec<String>,
}

impl Report {
    pub(crate) fn shape(&mut self, finding: impl Into<String>) {
        self.shape.push(finding.into());
    }

    pub(crate) fn value(&mut self, finding: impl Into<String>) {
        self.values.push(finding.into());
    }

    /// A value, unless it is refused.
    pub(crate) fn take<T>(&mut self, name: &str, value: Result<T, InvalidValue>) -> Option<T> {
        value.map_err(|error| self.value(format!("`{name}` {}.", error.rule))).ok()
    }

    /// What `read` made, if nothing was wrong.
    pub(crate) fn finish<T>(self, made: Option<T>) -> Result<T, Problem> {
        let title = if self.shape.is_empty() { "INVALID_ARGUMENT" } else { "Bad Request" };
        match made {
            Some(made) if self.shape.is_empty() && self.values.is_empty() => Ok(made),
            _ => {
                let detail = self.shape.into_iter().chain(self.values).collect::<Vec<_>>().join(" ");
                Err(Problem::new(StatusCode::BAD_REQUEST, "invalid", detail).titled(title))
            }
        }
    }
}

/// An object of a request, whose properties are taken one by one.
pub(crate) struct Fields {
    map: Map<String, Value>,
    /// The dotted path of this object, with a dot at its end unless it is the body.
    path: String,
}

impl Fields {
    /// The body. A missing one is an empty object where that is allowed.
    pub(crate) fn body(bytes: &[u8], may_be_empty: bool) -> Result<Self, Problem> {
        let map = if may_be_empty && bytes.trim_ascii().is_empty() {
            Map::new()
        } else {
            strict_json_object(bytes).map_err(|fault| {
                let detail = format!("The request body cannot be read: {fault}.");
                Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail).titled("Bad Request")
            })?
        };
        Ok(Self { map, path: String::new() })
    }

    /// An object at this dotted path.
    pub(crate) fn nested(map: Map<String, Value>, path: &str) -> Self {
        Self { map, path: format!("{path}.") }
    }

    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    /// Whether a property is given at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// Whether a property is given as something else than null, which stands for its absence beside an alternative.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// Whether a property is given as null.
    pub(crate) fn is_null(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(Value::is_null)
    }

    /// A property as it is; null is as good as missing.
    pub(crate) fn optional(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// A text that may be missing or null.
    pub(crate) fn optional_text(&mut self, name: &str, report: &mut Report) -> Option<String> {
        match self.optional(name)? {
            Value::String(text) => Some(text),
            _ => {
                report.shape(format!("`{}` must be a string.", self.name(name)));
                None
            }
        }
    }

    /// A text that must be there and not blank.
    pub(crate) fn required_text(&mut self, name: &str, report: &mut Report) -> Option<String> {
        match self.map.remove(name) {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text),
            Some(Value::String(_)) => {
                report.value(format!("`{}` must not be blank.", self.name(name)));
                None
            }
            None => {
                report.value(format!("No `{}` is provided.", self.name(name)));
                None
            }
            Some(Value::Null) => {
                report.shape(format!("`{}` must not be null.", self.name(name)));
                None
            }
            Some(_) => {
                report.shape(format!("`{}` must be a string.", self.name(name)));
                None
            }
        }
    }

    /// A list of texts; `None` when it is missing or null.
    pub(crate) fn optional_texts(&mut self, name: &str, report: &mut Report) -> Option<Vec<String>> {
        let list = self.optional(name)?;
        let texts = list.as_array().and_then(|items| {
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()
        });
        if texts.is_none() {
            report.shape(format!("`{}` must be a list of strings.", self.name(name)));
        }
        texts
    }

    /// The alternatives of a filter. An empty list narrows nothing: published clients write every list that was not set as `[]`.
    pub(crate) fn alternatives(&mut self, name: &str, report: &mut Report) -> Option<Vec<String>> {
        self.optional_texts(name, report).filter(|texts| !texts.is_empty())
    }

    /// A list of objects; empty when it is missing or null.
    pub(crate) fn objects(&mut self, name: &str, report: &mut Report) -> Vec<Fields> {
        let items = match self.optional(name) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                report.shape(format!("`{}` must be a list of objects.", self.name(name)));
                return Vec::new();
            }
        };
        let mut objects = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let path = format!("{}[{index}].", self.name(name));
            match item {
                Value::Object(map) => objects.push(Fields { map, path }),
                _ => report.shape(format!("`{}` must be an object.", path.trim_end_matches('.'))),
            }
        }
        objects
    }

    /// An object; empty when it is missing or null.
    pub(crate) fn object(&mut self, name: &str, report: &mut Report) -> Fields {
        let path = format!("{}.", self.name(name));
        match self.optional(name) {
            None => Fields { map: Map::new(), path },
            Some(Value::Object(map)) => Fields { map, path },
            Some(_) => {
                report.shape(format!("`{}` must be an object.", self.name(name)));
                Fields { map: Map::new(), path }
            }
        }
    }

    /// A whole number that may be missing.
    pub(crate) fn optional_number(&mut self, name: &str, report: &mut Report) -> Option<i64> {
        let value = self.optional(name)?;
        let number = value.as_i64();
        if number.is_none() {
            report.shape(format!("`{}` must be a whole number.", self.name(name)));
        }
        number
    }

    /// A truth value that may be missing.
    pub(crate) fn optional_flag(&mut self, name: &str, report: &mut Report) -> Option<bool> {
        let value = self.optional(name)?;
        let flag = value.as_bool();
        if flag.is_none() {
            report.shape(format!("`{}` must be true or false.", self.name(name)));
        }
        flag
    }

    /// One of some words, in any case.
    pub(crate) fn word<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&str, T)],
        required: bool,
        report: &mut Report,
    ) -> Option<T> {
        let text = if required { self.required_text(name, report) } else { self.optional_text(name, report) }?;
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text)).map(|(_, value)| *value);
        if found.is_none() {
            let allowed = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
            report.shape(format!("`{}` is not one of {allowed}.", self.name(name)));
        }
        found
    }

    /// A condition on a text: the text itself, or operators (orchestration reference §1.11).
    pub(crate) fn text_filter(&mut self, name: &str, report: &mut Report) -> Option<identity_core::search::TextFilter> {
        use identity_core::search::TextFilter;
        let map = match self.optional(name)? {
            Value::String(text) => return Some(TextFilter::equals(text)),
            Value::Object(map) => map,
            _ => {
                report.shape(format!("`{}` must be a string or an object of operators.", self.name(name)));
                return None;
            }
        };
        let mut operators = Fields { map, path: format!("{}.", self.name(name)) };
        let like = operators.optional_text("$like", report);
        let like_name = operators.name("$like");
        let filter = TextFilter {
            eq: operators.optional_text("$eq", report),
            neq: operators.optional_text("$neq", report),
            exists: operators.optional_flag("$exists", report),
            is_in: operators.alternatives("$in", report),
            not_in: operators.alternatives("$notIn", report),
            like: like.and_then(|pattern| report.take(&like_name, LikePattern::parse(&pattern))),
        };
        operators.end(report);
        Some(filter)
    }

    /// Reports what nobody took.
    pub(crate) fn end(self, report: &mut Report) {
        for name in self.map.keys() {
            report.shape(format!("There is no property `{}{name}` here.", self.path));
        }
    }
}
