//! What a start needs of its configuration beyond its form: everything that can be made and tried without side effects. The
//! start runs it first, and `check-config` runs nothing else.

use identity_core::apply::{Command, Refusal, apply};
use identity_core::decide::Authority;
use identity_core::matrix::Matrix;
use identity_core::preset;
use identity_core::world::World;

use crate::bootstrap;
use crate::config::{Config, Finding, Loaded, Problems, Store};
use crate::profile;
use crate::run;

/// Finds what would end the start.
///
/// # Errors
/// Everything that was found, each with its key and where that was given.
pub fn check(mut loaded: Loaded) -> Result<Loaded, Problems> {
    let mut findings = profile::settings_problems(&loaded.config);
    findings.extend(store(&loaded.config));
    let (refused, missing) = rehearsed(&loaded.config);
    findings.extend(refused);
    if findings.is_empty() {
        loaded.warnings.extend(missing);
        return Ok(loaded);
    }
    Err(loaded.places.problems(findings))
}

fn store(config: &Config) -> Vec<Finding> {
    match &config.store {
        Store::Sqlite { data_dir } if data_dir.exists() && !data_dir.is_dir() => {
            vec![Finding::new("store.sqlite.data-dir", "must be a directory")]
        }
        Store::Sqlite { .. } => Vec::new(),
        Store::Postgres(postgres) => run::postgres_problems(postgres),
    }
}

/// Makes the start-up data in a world that holds nothing else: what is refused there, and what depends on entities that may have
/// been made over the APIs.
fn rehearsed(config: &Config) -> (Vec<Finding>, Vec<String>) {
    let Ok(sources) = profile::sources(config) else { return (Vec::new(), Vec::new()) };
    let mut world = World::new(sources, Matrix::standard());
    let (mut findings, mut missing) = (Vec::new(), Vec::new());
    let defaults = preset::missing(&world);
    advance(&mut world, &defaults, &mut |_| ());
    for (section, plan) in bootstrap::plans(config) {
        let commands = match plan(&world) {
            Ok(commands) => commands,
            Err(error) => {
                findings.push(Finding::new(section, error.to_string()));
                continue;
            }
        };
        // One by one, so that each is heard of. What belongs together is refused together.
        for command in commands {
            advance(&mut world, std::slice::from_ref(&command), &mut |refusal| {
                match refusal {
                Refusal::Missing(entity) => missing.push(format!(
                    "`{section}`: {entity} is neither a default nor configured; unless it was made over the APIs, the start ends or nothing \
                     is given"
                )),
                refusal => findings.push(Finding::new(section, format!("would be refused: {refusal}"))),
            }
            });
        }
    }
    missing.sort_unstable();
    missing.dedup();
    missing.extend(bootstrap::unknown_roles(config, &world));
    (findings, missing)
}

fn advance(world: &mut World, commands: &[Command], refused: &mut dyn FnMut(Refusal)) {
    match apply(world, commands, Authority::Server) {
        Ok(applied) => *world = applied.world,
        Err(refusal) => refused(refusal),
    }
}
