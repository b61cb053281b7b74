//! Preflight checks of a loaded configuration, without side effects: settings, files and start-up data. Start-up runs
//! them first; `check-config` runs nothing else.

use identity_core::apply::{Command, Refusal, apply, missing_defaults};
use identity_core::catalog::ResourceCatalog;
use identity_core::decide::Authority;
use identity_core::world::World;

use crate::bootstrap;
use crate::config::{Config, Finding, Loaded, Problems};
use crate::profile;
use crate::run;

/// Finds problems that would abort start-up. References to entities that may exist already are added as warnings.
///
/// # Errors
/// Returns all problems, each with its key and the place that set it.
pub fn check(mut loaded: Loaded) -> Result<Loaded, Problems> {
    let mut findings = profile::settings_problems(&loaded.config);
    findings.extend(run::problems(&loaded.config.store));
    let (refused, missing) = rehearsed(&loaded.config);
    findings.extend(refused);
    if findings.is_empty() {
        loaded.warnings.extend(missing);
        return Ok(loaded);
    }
    Err(loaded.origins.problems(findings))
}

/// Applies the start-up data to a world that holds only the defaults. Returns the problems, and warnings about entities
/// that may have been created through the APIs.
fn rehearsed(config: &Config) -> (Vec<Finding>, Vec<String>) {
    let Ok(sources) = profile::sources(config) else { return (Vec::new(), Vec::new()) };
    let mut world = World::new(sources, ResourceCatalog::standard());
    let (mut findings, mut missing) = (Vec::new(), Vec::new());
    let defaults = missing_defaults(&world);
    advance(&mut world, &defaults, &mut |_| ());
    for (section, plan) in bootstrap::plans(config) {
        let commands = match plan(&world) {
            Ok(commands) => commands,
            Err(error) => {
                findings.push(Finding::new(section, error.to_string()));
                continue;
            }
        };
        // One command at a time, so that each refusal is reported. A batch would stop at the first.
        for command in commands {
            advance(&mut world, std::slice::from_ref(&command), &mut |refusal| match refusal {
                Refusal::Missing(entity) => missing.push(format!(
                    "`{section}`: {entity} is neither a default nor configured; unless it was created through the \
                     APIs, start-up fails or no access is granted"
                )),
                refusal => findings.push(Finding::new(section, format!("would be refused: {refusal}"))),
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
