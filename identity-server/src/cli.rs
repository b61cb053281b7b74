//! The command line.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use url::Url;

use crate::config::{Config, Flag, Loaded, Problems, Sources};
use crate::{connect, healthcheck, prepare, run, telemetry};

/// Names the configuration files when no flag does, separated as in `PATH`.
const CONFIG_VARIABLE: &str = "IDENTITY_CONFIG";
/// Where the replaced service's charts and compose files put its configuration, the first that exists.
const USUAL_PLACES: [&str; 3] = ["/app/config/application.yaml", "./config/application.yaml", "/app/application.yaml"];

/// Who may do what, for a platform of applications.
#[derive(Debug, Parser)]
#[command(name = "identity-server", version)]
struct Cli {
    /// A YAML file with configuration; may be repeated, later files win. When not given: IDENTITY_CONFIG, else
    /// /app/config/application.yaml, ./config/application.yaml or /app/application.yaml, if one exists
    #[arg(long, global = true, value_name = "FILE")]
    config: Vec<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve; this is what happens without a command
    Serve(Ports),
    /// Serve on this machine only, with users of its own and nothing to prepare
    Dev {
        /// Where the data is kept [default: .identity]
        #[arg(long, value_name = "DIRECTORY")]
        data_dir: Option<PathBuf>,
        #[command(flatten)]
        ports: Ports,
    },
    /// Validate the configuration and report all errors; changes nothing
    CheckConfig {
        /// Also ask the database and the providers whether they can be used
        #[arg(long)]
        connect: bool,
    },
    /// Print the OpenAPI document of everything there is in any profile
    Openapi,
    /// Ask the server on this machine whether it is ready
    Healthcheck {
        /// Where to ask instead of at the configured management port
        #[arg(long)]
        url: Option<Url>,
    },
}

#[derive(Debug, Default, Args)]
struct Ports {
    /// The port of the API and the UI; 0 takes a free one [default: 8080]
    #[arg(long)]
    port: Option<u16>,
    /// The port of health and metrics; 0 takes a free one [default: 8082]
    #[arg(long)]
    management_port: Option<u16>,
}

/// Does what the command line says: 0 when it went well, 1 when it did not, 2 when the configuration is wrong.
#[must_use]
pub fn main() -> ExitCode {
    // Environment variables are read here and nowhere else.
    let environment = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect();
    match Cli::parse().run(environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody reads it when standard error is closed.
            let _written = writeln!(io::stderr(), "{}", chain(&failure));
            match failure {
                Failure::Configuration(_) => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Configuration(#[from] Problems),
    #[error("the log cannot be set up")]
    Telemetry(#[from] telemetry::TelemetryError),
    #[error(transparent)]
    Run(#[from] run::RunError),
    #[error("not ready")]
    NotReady(#[from] healthcheck::NotReady),
    #[error(transparent)]
    Connect(#[from] connect::Unusable),
    #[error("standard output is closed")]
    Output(#[from] io::Error),
}

impl Cli {
    fn run(self, environment: BTreeMap<String, String>) -> Result<(), Failure> {
        let mut sources = sources(self.config, environment);
        if !matches!(self.command, Some(Command::Dev { .. } | Command::Openapi)) {
            look_around(&mut sources, &USUAL_PLACES.map(PathBuf::from));
        }
        match self.command.unwrap_or_else(|| Command::Serve(Ports::default())) {
            Command::Serve(ports) => run::serve(started(&ports.over(sources))?)?,
            Command::Dev { data_dir, ports } => run::dev(started(&ports.over(local(data_dir, sources)))?)?,
            Command::CheckConfig { connect } => {
                let Loaded { warnings, config, .. } = prepare::check(sources.load()?)?;
                let mut output = io::stdout().lock();
                for warning in warnings {
                    writeln!(output, "{warning}")?;
                }
                if connect {
                    connect::check(&config, &mut output)?;
                }
                writeln!(output, "the configuration is good")?;
            }
            Command::Openapi => {
                let document = identity_http::openapi_document().to_pretty_json().map_err(io::Error::other)?;
                writeln!(io::stdout(), "{document}")?;
            }
            Command::Healthcheck { url: Some(url) } => healthcheck::check(&url)?,
            Command::Healthcheck { url: None } => {
                let management = sources.load()?.config.server.management;
                healthcheck::check(&healthcheck::url(management)?)?;
            }
        }
        Ok(())
    }
}

/// Loads the configuration and sets up the log, in which its warnings are the first lines.
fn started(sources: &Sources) -> Result<Config, Failure> {
    let Loaded { config, warnings, .. } = prepare::check(sources.load()?)?;
    telemetry::init(&config.log)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(config)
}

fn sources(mut files: Vec<PathBuf>, environment: BTreeMap<String, String>) -> Sources {
    if let Some(paths) = environment.get(CONFIG_VARIABLE).filter(|_| files.is_empty()) {
        files.extend(std::env::split_paths(paths).filter(|path| !path.as_os_str().is_empty()));
    }
    Sources { files, environment, ..Sources::default() }
}

/// Reads the first of the usual places that exists, when no file is named.
fn look_around(sources: &mut Sources, places: &[PathBuf]) {
    let named = sources.environment.get(CONFIG_VARIABLE).is_some_and(|paths| !paths.is_empty());
    if sources.files.is_empty()
        && !named
        && let Some(place) = places.iter().find(|place| place.is_file())
    {
        sources.files.push(place.clone());
        sources.found = true;
    }
}

/// What `dev` insists on: its users are known to everybody who read the documentation, so only this machine is served.
fn local(data_dir: Option<PathBuf>, mut sources: Sources) -> Sources {
    let only = [
        ("profile", "builtin"),
        ("server.address", "127.0.0.1"),
        ("server.management-address", "127.0.0.1"),
        ("server.local-names-only", "true"),
    ];
    sources.flags.extend(only.map(|(path, value)| Flag { name: "dev", path, value: value.to_owned() }));
    if let Some(directory) = data_dir {
        let value = directory.to_string_lossy().into_owned();
        sources.flags.extend([
            Flag { name: "--data-dir", path: "store.kind", value: "sqlite".to_owned() },
            Flag { name: "--data-dir", path: "store.sqlite.data-dir", value },
        ]);
    }
    sources
}

impl Ports {
    fn over(self, mut sources: Sources) -> Sources {
        let given = [
            ("--port", "server.port", self.port),
            ("--management-port", "server.management-port", self.management_port),
        ];
        sources.flags.extend(
            given.into_iter().filter_map(|(name, path, port)| Some(Flag { name, path, value: port?.to_string() })),
        );
        sources
    }
}

/// An error and what caused it, on one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::config::{Profile, Store};

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn files_come_from_the_flag_or_from_the_variable() {
        let environment = BTreeMap::from([(CONFIG_VARIABLE.to_owned(), "/a.yaml:/b.yaml".to_owned())]);
        let named = sources(Vec::new(), environment.clone());
        assert_eq!(named.files, [PathBuf::from("/a.yaml"), PathBuf::from("/b.yaml")]);
        let cli = Cli::try_parse_from(["identity-server", "serve", "--config", "x", "--config", "y"]).unwrap();
        assert_eq!(sources(cli.config, environment).files, [PathBuf::from("x"), PathBuf::from("y")]);
    }

    #[test]
    fn a_file_in_a_usual_place_is_read_when_none_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let places = ["a.yaml", "b.yaml", "c.yaml"].map(|name| directory.path().join(name));
        for place in &places[1..] {
            std::fs::write(place, "profile: builtin\nserver: {port: 5}").unwrap();
        }
        let mut found = Sources::default();
        look_around(&mut found, &places);
        assert_eq!(found.files, [places[1].clone()]);
        let loaded = found.load().unwrap();
        assert_eq!(loaded.config.server.address.port(), 5);
        assert!(loaded.warnings[0].contains("b.yaml"), "{:?}", loaded.warnings);
        let environment = BTreeMap::from([(CONFIG_VARIABLE.to_owned(), "/x.yaml".to_owned())]);
        let mut named = sources(Vec::new(), environment);
        look_around(&mut named, &places);
        assert_eq!(named.files, [PathBuf::from("/x.yaml")]);
    }

    #[test]
    fn dev_needs_nothing_and_serves_this_machine_only() {
        let command =
            Cli::try_parse_from(["identity-server", "dev", "--data-dir", "/d", "--port", "0"]).unwrap().command;
        let Some(Command::Dev { data_dir, ports }) = command else { panic!("{command:?}") };
        let config = ports.over(local(data_dir, Sources::default())).load().unwrap().config;
        assert_eq!(config.profile, Profile::Builtin);
        assert_eq!(config.server.address, "127.0.0.1:0".parse().unwrap());
        assert_eq!(config.server.management, "127.0.0.1:8082".parse().unwrap());
        assert_eq!(config.store, Store::Sqlite { data_dir: "/d".into() });
    }

    #[test]
    fn a_wrong_configuration_is_a_failure_of_its_own() {
        let cli = Cli::try_parse_from(["identity-server", "check-config"]).unwrap();
        assert!(matches!(cli.run(BTreeMap::new()), Err(Failure::Configuration(_))));
    }
}
