//! Command-line interface: parses the arguments and runs one command.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use url::Url;

#[cfg(feature = "client")]
use crate::client::{self, ClientCommand};
use crate::config::{Config, Flag, Loaded, Problems, Sources};
use crate::{config, connect, healthcheck, prepare, run, telemetry};

/// Environment variable that lists the configuration files, separated as in `PATH`. Ignored when `--config` is given.
const CONFIG_VARIABLE: &str = "IDENTITY_CONFIG";
/// Default paths of the configuration file, as in the charts and compose files of the replaced service. The first
/// existing file is used.
const DEFAULT_PLACES: [&str; 3] =
    ["/app/config/application.yaml", "./config/application.yaml", "/app/application.yaml"];

/// Identity and access service for application platforms
#[derive(Debug, Parser)]
#[command(name = "identity-server", version)]
struct Cli {
    /// YAML configuration file; may be repeated, later files take precedence. Default: the files listed in
    /// IDENTITY_CONFIG, else the first of /app/config/application.yaml, ./config/application.yaml and
    /// /app/application.yaml that exists
    #[arg(long, global = true, value_name = "FILE")]
    config: Vec<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (default)
    Serve(Ports),
    /// Run a local server with built-in users; needs no configuration, listens on 127.0.0.1 only
    Dev {
        /// Data directory [default: .identity]
        #[arg(long, value_name = "DIRECTORY")]
        data_dir: Option<PathBuf>,
        #[command(flatten)]
        ports: Ports,
    },
    /// Validate the configuration and report all errors; changes nothing
    CheckConfig {
        /// Also test the connections to the database, the identity providers and the directory
        #[arg(long)]
        connect: bool,
    },
    /// Print the OpenAPI document, with the operations of all profiles
    Openapi,
    /// Print the JSON schema of configuration files
    ConfigSchema,
    /// Print the completions of a shell, to be installed where it looks for them
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the man page, in roff
    Man,
    #[cfg(feature = "client")]
    #[command(flatten)]
    Client(ClientCommand),
    /// Query the readiness of the server on this machine
    Healthcheck {
        /// Readiness URL [default: derived from the configured management address]
        #[arg(long)]
        url: Option<Url>,
    },
}

impl Command {
    /// Whether the command reads the configuration of the installation.
    fn is_configured(&self) -> bool {
        match self {
            Self::Serve(_) | Self::CheckConfig { .. } | Self::Healthcheck { .. } => true,
            Self::Dev { .. } | Self::Openapi | Self::ConfigSchema | Self::Completions { .. } | Self::Man => false,
            #[cfg(feature = "client")]
            Self::Client(_) => false,
        }
    }
}

#[derive(Debug, Default, Args)]
struct Ports {
    /// Port of the API and the UI; 0 selects a free port [default: 8080]
    #[arg(long)]
    port: Option<u16>,
    /// Port of health and metrics; 0 selects a free port [default: 8082]
    #[arg(long)]
    management_port: Option<u16>,
}

/// Parses the command line and runs the command. Exit codes: 0 success, 1 failure, 2 invalid configuration or, for
/// `plan`, changes.
#[must_use]
pub fn main() -> ExitCode {
    // The only place that reads environment variables.
    let environment = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect();
    match Cli::parse().run(environment) {
        Ok(code) => code,
        Err(failure) => {
            // Write errors are ignored: standard error may be closed.
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
    #[error("logging cannot be initialized")]
    Telemetry(#[from] telemetry::TelemetryError),
    #[error(transparent)]
    Run(#[from] run::RunError),
    #[error("not ready")]
    NotReady(#[from] healthcheck::NotReady),
    #[error(transparent)]
    Connect(#[from] connect::Unusable),
    #[cfg(feature = "client")]
    #[error(transparent)]
    Client(#[from] client::ClientError),
    #[error("standard output is closed")]
    Output(#[from] io::Error),
}

impl Cli {
    fn run(self, environment: BTreeMap<String, String>) -> Result<ExitCode, Failure> {
        #[cfg(feature = "client")]
        if let Some(Command::Client(command)) = self.command {
            return Ok(client::run(command, &environment)?);
        }
        let mut sources = sources(self.config, environment);
        if self.command.as_ref().is_none_or(Command::is_configured) {
            look_around(&mut sources, &DEFAULT_PLACES.map(PathBuf::from));
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
                writeln!(output, "the configuration is valid")?;
            }
            Command::Openapi => {
                let document = identity_http::openapi_document().to_pretty_json().map_err(io::Error::other)?;
                writeln!(io::stdout(), "{document}")?;
            }
            Command::ConfigSchema => io::stdout().write_all(config::SCHEMA.as_bytes())?,
            Command::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Self::command(), "identity-server", &mut script);
                io::stdout().write_all(&script)?;
            }
            Command::Man => clap_mangen::Man::new(Self::command()).render(&mut io::stdout())?,
            Command::Healthcheck { url: Some(url) } => healthcheck::check(&url)?,
            Command::Healthcheck { url: None } => {
                let management = sources.load()?.config.server.management;
                healthcheck::check(&healthcheck::url(management)?)?;
            }
            #[cfg(feature = "client")]
            Command::Client(_) => {}
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Loads the configuration, initializes logging, and logs the configuration warnings first.
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

/// Adds the first existing file of `places`, if neither `--config` nor `IDENTITY_CONFIG` names a file.
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

/// Adds the settings of the command `dev` to the sources. Its default credentials are documented publicly, so it
/// listens on the loopback interface only.
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

/// Formats an error and its causes on one line, separated by colons.
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
