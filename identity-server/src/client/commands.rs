//! The commands `export`, `plan` and `apply`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use identity_core::document::PolicyDocument;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::{Api, Refusal};
use super::plan::Plan;
use super::sources::{Reference, Sources};
use super::{ClientCommand, ClientError, Format, Scope, outcome};

/// A plan in a file: what to apply, and the digest of what it was when it was reviewed.
#[derive(Debug, Deserialize, Serialize)]
struct Saved {
    plan: String,
    #[serde(flatten)]
    scope: Scope,
    document: Value,
    /// References to the passwords of users, by username.
    passwords: BTreeMap<String, String>,
}

/// Runs a command.
///
/// # Errors
/// If the server, a file or the document cannot be used, or a confirmation is missing.
pub(crate) fn run(command: ClientCommand, environment: &BTreeMap<String, String>) -> Result<ExitCode, ClientError> {
    actix_web::rt::System::new().block_on(run_async(command, environment))
}

async fn run_async(command: ClientCommand, environment: &BTreeMap<String, String>) -> Result<ExitCode, ClientError> {
    match command {
        ClientCommand::Export { target, json } => {
            let document = Api::new(&target, environment)?.export().await?;
            let text = if json {
                serde_json::to_string_pretty(&document)? + "\n"
            } else {
                serde_saphyr::to_string(&document).map_err(|error| ClientError::Unusable(error.to_string()))?
            };
            io::stdout().write_all(text.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        ClientCommand::PolicySchema => {
            io::stdout().write_all((serde_json::to_string_pretty(&schema())? + "\n").as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        ClientCommand::Plan { target, documents, format, out } => {
            let sources = Sources::read(&documents.files)?;
            let (plan, answer) = planned(&Api::new(&target, environment)?, &sources, &documents.scope).await?;
            show(&plan, &answer, format)?;
            if let Some(path) = out {
                let passwords = sources.passwords.iter().map(|(name, one)| (name.clone(), one.to_string())).collect();
                let saved =
                    Saved { plan: plan.plan.clone(), scope: documents.scope, document: sources.document, passwords };
                let text = serde_json::to_string_pretty(&saved)?;
                fs::write(&path, text).map_err(|error| ClientError::File(path, error))?;
            }
            Ok(outcome(plan.changes_something()))
        }
        ClientCommand::Apply { target, files, scope, plan, yes, source } => {
            let api = Api::new(&target, environment)?;
            let (sources, scope, reviewed) = match plan {
                Some(path) => saved(&path)?,
                None => (Sources::read(&files)?, scope, None),
            };
            let (plan, answer) = planned(&api, &sources, &scope).await?;
            show(&plan, &answer, Format::Text)?;
            // A plan that was saved has been reviewed. Whether it still holds is decided by the server.
            if !yes && reviewed.is_none() && plan.needs_confirmation() {
                confirm()?;
            }
            let request = json!({
                "document": sources.document,
                "removal": scope.removal(),
                "name": scope.name,
                "passwords": resolved(&sources, &plan, environment)?,
                "plan": reviewed.unwrap_or_else(|| plan.plan.clone()),
                "source": source,
            });
            let done = api.apply(&request).await.map_err(|refusal| placed(refusal, &sources))?;
            let Plan { revision, .. } = serde_json::from_value(done)?;
            if plan.changes_something() {
                writeln!(io::stdout(), "applied at revision {revision}")?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Returns the JSON schema of documents in files, in which users have references to passwords.
fn schema() -> Value {
    let mut schema = PolicyDocument::schema();
    let users = schema.pointer_mut("/properties/users/items/properties").and_then(Value::as_object_mut);
    if let Some(properties) = users {
        properties.insert("password".to_owned(), Reference::schema());
    }
    schema
}

async fn planned(api: &Api, sources: &Sources, scope: &Scope) -> Result<(Plan, Value), ClientError> {
    let passwords = sources.passwords.keys().map(String::as_str).collect();
    let answer = api.plan(&sources.document, scope, passwords).await.map_err(|refusal| placed(refusal, sources))?;
    Ok((serde_json::from_value(answer.clone())?, answer))
}

fn show(plan: &Plan, answer: &Value, format: Format) -> Result<(), ClientError> {
    let text = match format {
        Format::Text => plan.text(io::stdout().is_terminal()),
        Format::Markdown => plan.markdown(),
        Format::Json => serde_json::to_string_pretty(answer)? + "\n",
    };
    Ok(io::stdout().write_all(text.as_bytes())?)
}

/// Reads a plan that `plan --out` wrote.
fn saved(path: &Path) -> Result<(Sources, Scope, Option<String>), ClientError> {
    let text = fs::read_to_string(path).map_err(|error| ClientError::File(path.to_owned(), error))?;
    let form =
        |error: serde_json::Error| ClientError::Refused(vec![format!("{}: is not a plan: {error}", path.display())]);
    let Saved { plan, scope, document, passwords } = serde_json::from_str(&text).map_err(form)?;
    let reference = |(name, one): (String, String)| match Reference::parse(&one) {
        Some(reference) => Ok((name, reference)),
        None => Err(ClientError::Refused(vec![format!(
            "{}: the password of user {name} must be a reference: `env:NAME` or `file:PATH`",
            path.display()
        )])),
    };
    let passwords = passwords.into_iter().map(reference).collect::<Result<_, _>>()?;
    Ok((Sources::without_places(document, passwords), scope, Some(plan)))
}

/// Returns the passwords of users that the plan creates. All missing ones are reported at once.
fn resolved(
    sources: &Sources,
    plan: &Plan,
    environment: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, ClientError> {
    let (mut passwords, mut missing) = (BTreeMap::new(), Vec::new());
    for (name, reference) in sources.passwords.iter().filter(|(name, _)| plan.creates_user(name)) {
        match reference.resolve(environment) {
            Ok(password) => _ = passwords.insert(name.clone(), password),
            Err(why) => missing.push(format!("the password of user {name}: {why}")),
        }
    }
    if missing.is_empty() { Ok(passwords) } else { Err(ClientError::Refused(missing)) }
}

fn confirm() -> Result<(), ClientError> {
    if !io::stdin().is_terminal() {
        return Err(ClientError::Unconfirmed("rights are widened or an administrator is lost; confirm with `--yes`"));
    }
    write!(io::stdout(), "Apply? Type yes: ")?;
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if answer.trim() == "yes" { Ok(()) } else { Err(ClientError::Unconfirmed("not confirmed")) }
}

/// Converts a refusal to lines with the places of the findings in the files.
fn placed(refusal: Refusal, sources: &Sources) -> ClientError {
    match refusal {
        Refusal::Failed(error) => error,
        Refusal::Findings(findings) => {
            let line = |one: super::api::Finding| {
                let pointer = one.pointer.strip_prefix("/document").unwrap_or(&one.pointer);
                match pointer {
                    "" => format!("the whole document {}", one.detail),
                    _ => format!("{}: `{pointer}` {}", sources.place(pointer), one.detail),
                }
            };
            ClientError::Refused(findings.into_iter().map(line).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_accepts_documents_of_files() {
        let mut compiler = boon::Compiler::new();
        compiler.add_resource("policies.schema.json", schema()).unwrap();
        let mut schemas = boon::Schemas::new();
        let schema = compiler.compile("policies.schema.json", &mut schemas).unwrap();
        let accepts = |document: &Value| schemas.validate(document, schema).is_ok();
        let with_user = |user: Value| json!({"users": [user], "default-roles": {"admin": {"users": ["ann"]}}});
        assert!(accepts(&with_user(json!({"username": "ann", "password": "env:ANN"}))));
        for wrong in [json!({"username": "ann", "password": "hunter2"}), json!({"name": "Ann"}), json!({"user": "ann"})]
        {
            assert!(!accepts(&with_user(wrong)));
        }
    }

    #[test]
    fn a_saved_plan_needs_references_to_passwords() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("plan.json");
        let read = |password: &str| {
            let plan = json!({"plan": "0", "prune": false, "exactly": false, "name": "policies", "document": {},
                "passwords": {"ann": password}});
            fs::write(&path, plan.to_string()).unwrap();
            saved(&path)
        };
        assert_eq!(read("env:ANN").unwrap().0.passwords.len(), 1);
        let refused = read("hunter2").unwrap_err().to_string();
        assert!(refused.contains("the password of user ann") && !refused.contains("hunter2"), "{refused}");
    }
}
