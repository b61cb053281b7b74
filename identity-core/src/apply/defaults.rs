//! Commands that create the defaults of a new installation: the default tenant and the [default roles](crate::preset).

use super::{Command, NewAuthorization};
use crate::entity::{Container, Membership, Party, Permission, Role, Scope, Tenant};
use crate::preset::{self, Grants};
use crate::value::{
    Audience, Description, InvalidValue, Name, PermissionName, PropertyName, ResourceTypeName, RoleId, TenantId,
};
use crate::world::World;

/// Returns the commands that create the default tenant and the default roles that `world` lacks. Existing defaults are
/// not changed.
#[must_use]
pub fn missing_defaults(world: &World) -> Vec<Command> {
    // All table values are valid: a test applies every row.
    from_tables(world).unwrap_or_default()
}

fn from_tables(world: &World) -> Result<Vec<Command>, InvalidValue> {
    let mut commands = Vec::new();
    let default_tenant = TenantId::default_tenant();
    if world.tenant(TenantId::DEFAULT).is_none() {
        let name = Name::parse("Default")?;
        commands.push(Command::CreateTenant(Tenant {
            id: default_tenant.clone(),
            name,
            description: Description::default(),
        }));
    }
    for preset in preset::roles() {
        if world.role(preset.id).is_some() {
            continue;
        }
        let id = RoleId::parse(preset.id)?;
        let mut permissions = std::collections::BTreeSet::new();
        for (audience, definitions) in preset.permissions {
            for definition in *definitions {
                permissions.insert(Permission {
                    audience: Audience::parse(audience)?,
                    definition: PermissionName::parse(definition)?,
                });
            }
        }
        commands.push(Command::CreateRole(Role {
            id: id.clone(),
            name: Name::parse(preset.name)?,
            description: Description::parse(preset.description)?,
            permissions,
        }));
        commands.extend(authorizations(world, &id, &preset.grants)?.into_iter().map(Command::CreateAuthorization));
        if preset.in_default_tenant
            && let Ok(membership) = Membership::new(Container::Tenant(default_tenant.clone()), Party::Role(id))
        {
            commands.push(Command::AddMember(membership));
        }
    }
    Ok(commands)
}

fn authorizations(world: &World, role: &RoleId, grants: &Grants) -> Result<Vec<NewAuthorization>, InvalidValue> {
    let one = |resource_type: &str, scope: Scope, permissions: &mut dyn Iterator<Item = &str>| {
        Ok(NewAuthorization {
            owner: Party::Role(role.clone()),
            resource_type: ResourceTypeName::parse(resource_type)?,
            scope,
            permissions: permissions.map(PermissionName::parse).collect::<Result<_, InvalidValue>>()?,
            condition: None,
        })
    };
    match grants {
        Grants::OnAll(rows) => rows
            .iter()
            .map(|(resource_type, permissions)| one(resource_type, Scope::Any, &mut permissions.iter().copied()))
            .collect(),
        Grants::OnProperties(resource_type, properties, permissions) => properties
            .iter()
            .map(|property| {
                let scope = Scope::Property(PropertyName::parse(property)?);
                one(resource_type, scope, &mut permissions.iter().copied())
            })
            .collect(),
        Grants::Everything | Grants::Looking => world
            .catalog()
            .types()
            .map(|kind| {
                let permitted = |name: &&str| matches!(grants, Grants::Everything) || only_looks(name);
                let mut permissions = kind.permissions.iter().map(PermissionName::as_str).filter(permitted);
                one(kind.name.as_str(), Scope::Any, &mut permissions)
            })
            .filter(|authorization| !authorization.as_ref().is_ok_and(|new| new.permissions.is_empty()))
            .collect(),
    }
}

/// Returns whether a permission is read-only (docs/reference/orchestration-cluster.md §7). `ACCESS` opens a component
/// and counts as read-only; `EVALUATE` and `REVEAL` do not.
fn only_looks(permission: &str) -> bool {
    permission == "READ" || permission.starts_with("READ_") || permission == "ACCESS"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::apply;
    use crate::catalog::ResourceCatalog;
    use crate::decide::{Authority, Question, decide};
    use crate::entity::Principal;
    use crate::preset::{IDENTITY_AUDIENCE, WRITE, is_protected_role};
    use crate::resolve::{ResolveInput, resolve};
    use crate::value::Username;
    use crate::world::Sources;

    fn preset_world() -> World {
        let world = World::new(Sources::Provider { groups_claimed: false }, ResourceCatalog::standard());
        apply(&world, &missing_defaults(&world), Authority::Server).unwrap().world
    }

    #[test]
    fn the_defaults_apply_once_and_are_complete() {
        let world = preset_world();
        assert!(missing_defaults(&world).is_empty());
        assert!(world.tenant("<default>").is_some());
        for role in ["admin", "readonly-admin", "connectors", "app-integrations", "rpa", "task-worker"] {
            assert!(is_protected_role(&RoleId::parse(role).unwrap()), "{role}");
            assert!(world.role(role).is_some(), "{role}");
        }
        assert!(world.role("ManagementIdentity").is_some());
    }

    #[test]
    fn an_admin_may_do_everything_and_a_readonly_admin_may_only_look() {
        let mut commands = Vec::new();
        for (user, role) in [("root", "admin"), ("eve", "readonly-admin")] {
            let member = Party::User(Username::parse(user).unwrap());
            let role = Container::Role(RoleId::parse(role).unwrap());
            commands.push(Command::AddMember(Membership::new(role, member).unwrap()));
        }
        let world = apply(&preset_world(), &commands, Authority::Administrator).unwrap().world;
        let principal = |name| Principal::User(Username::parse(name).unwrap());
        let (root, eve) = (principal("root"), principal("eve"));
        let root = resolve(&world, ResolveInput::from(&root));
        let eve = resolve(&world, ResolveInput::from(&eve));
        let mut looks = 0;
        for kind in world.catalog().types() {
            for permission in &kind.permissions {
                let question =
                    Question::resource(world.catalog(), kind.name.as_str(), permission.as_str(), "x").unwrap();
                assert!(decide(&world, &root, &question).allowed());
                let allowed = decide(&world, &eve, &question).allowed();
                assert_eq!(allowed, only_looks(permission.as_str()), "{} {permission}", kind.name);
                looks += usize::from(allowed);
            }
        }
        assert!(looks > 20);
        let write = Question::permission(IDENTITY_AUDIENCE, WRITE);
        assert!(decide(&world, &root, &write).allowed() && !decide(&world, &eve, &write).allowed());
    }
}
