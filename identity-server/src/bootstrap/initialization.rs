//! Start-up data of the Orchestration Cluster (docs/reference/orchestration-cluster.md §6.3). The Orchestration Cluster
//! leaves existing entities unchanged; this server updates them as configured. Permissions, memberships and
//! authorizations are only added.

use std::collections::BTreeMap;

use identity_core::apply::Command;
use identity_core::document::{PolicyDocument, Prune};
use identity_core::world::World;

/// Returns the commands for all configured entities except users. Entities precede the commands that refer to them.
pub(super) fn commands(wanted: &PolicyDocument, world: &World) -> Vec<Command> {
    let mut wanted = wanted.clone();
    // The kind of a rule is immutable, and its name is not configurable.
    for rule in &mut wanted.mapping_rules {
        if let Some(old) = world.mapping_rule(rule.id.as_str()) {
            rule.name = old.name.clone();
            rule.kind = old.kind;
        }
    }
    wanted.commands(world, Prune::Nothing, &BTreeMap::new())
}
