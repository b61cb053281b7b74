//! Commands that use the API of a running server: `export`, `plan` and `apply` of policy documents.

mod api;
mod commands;
mod plan;
mod report;
mod sources;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use url::Url;

pub(crate) use commands::run;

/// Environment variable with the URL of the server.
const URL: &str = "IDENTITY_API_URL";
/// Environment variable with the user to sign in as.
const USER: &str = "IDENTITY_API_USER";
/// Environment variable with the password of the user.
const PASSWORD: &str = "IDENTITY_API_PASSWORD";
/// Environment variable with an access token.
const TOKEN: &str = "IDENTITY_API_TOKEN";
/// URL of a server with default settings on this machine.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// Server to ask, and as which caller.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// URL of the server, with its base path [default: IDENTITY_API_URL, else http://127.0.0.1:8080]
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// User to sign in as, with the password in IDENTITY_API_PASSWORD [default: IDENTITY_API_USER]. Without a user, the
    /// access token in IDENTITY_API_TOKEN is sent
    #[arg(long, value_name = "USERNAME")]
    user: Option<String>,
    /// PEM file with certificate authorities to trust in addition to the platform's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

/// Documents to compare or apply.
#[derive(Debug, Args)]
pub(crate) struct Documents {
    /// YAML or JSON files that together are the document; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    scope: Scope,
}

/// What a document removes, and its name.
#[derive(Debug, Args, Deserialize, Serialize)]
pub(crate) struct Scope {
    /// Remove what the last applied document of this name stated and this one does not
    #[arg(long, conflicts_with = "exactly")]
    prune: bool,
    /// Remove everything that the document does not state
    #[arg(long)]
    exactly: bool,
    /// Name under which the document is applied, if several are
    #[arg(long, value_name = "NAME", default_value = "policies")]
    name: String,
}

impl Scope {
    /// Returns the member `removal` of requests.
    fn removal(&self) -> &'static str {
        match self {
            Self { exactly: true, .. } => "EVERYTHING",
            Self { prune: true, .. } => "MANAGED",
            _ => "NOTHING",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Print the policies of a running server as a YAML document
    Export {
        #[command(flatten)]
        target: Target,
        /// Print JSON instead
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON schema of documents, for editors
    PolicySchema,
    /// Show what documents would change on a running server, and for which people; exit code 2 if they change something
    Plan {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        documents: Documents,
        /// Form of the report
        #[arg(long, default_value = "text")]
        format: Format,
        /// File to write the plan to, for `apply --plan`
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Apply documents to a running server as one change
    Apply {
        #[command(flatten)]
        target: Target,
        /// YAML or JSON files that together are the document; `-` is standard input
        #[arg(value_name = "FILE", required_unless_present = "plan", conflicts_with = "plan")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        scope: Scope,
        /// Plan to carry out, as written by `plan --out`. Nothing is changed if it has become another one
        #[arg(long, value_name = "FILE", conflicts_with_all = ["prune", "exactly", "name"])]
        plan: Option<PathBuf>,
        /// Do not ask before rights are widened or an administrator is lost
        #[arg(long)]
        yes: bool,
        /// Origin of the document for the audit log, such as a commit and its author
        #[arg(long, value_name = "TEXT")]
        source: Option<String>,
    },
}

/// Form of the report of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Lines, in colour on a terminal
    Text,
    /// Markdown, for a merge request
    Markdown,
    /// The plan as the API returns it
    Json,
}

/// Exit code of `plan` if the document changes something.
const CHANGES: u8 = 2;

/// Reason why a command of the client failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// Values of the documents, or of the policies they would establish, are wrong. One line each, with its place.
    #[error("the document is refused:\n{}", .0.join("\n"))]
    Refused(Vec<String>),
    /// A file cannot be read or written.
    #[error("{}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// The certificate authorities or the URL cannot be used.
    #[error("the server cannot be asked: {0}")]
    Unusable(String),
    /// The server did not respond.
    #[error("the server at {0} did not respond")]
    Silent(Url, #[source] reqwest::Error),
    /// The server responded with an error.
    #[error("the server responded with {status}: {detail}")]
    Answer {
        /// HTTP status code.
        status: u16,
        /// Reason in words.
        detail: String,
    },
    /// The response of the server cannot be read.
    #[error("the response of the server is not that of this version")]
    Response(#[from] serde_json::Error),
    /// A confirmation is missing.
    #[error("{0}; nothing was changed")]
    Unconfirmed(&'static str),
    /// Standard output is closed.
    #[error("standard output is closed")]
    Output(#[from] io::Error),
}

/// Success, with the exit code of a plan that changes something.
fn outcome(changes: bool) -> ExitCode {
    if changes { ExitCode::from(CHANGES) } else { ExitCode::SUCCESS }
}
