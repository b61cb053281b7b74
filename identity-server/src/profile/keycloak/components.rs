//! Realm entities of the platform's components: built-in presets, overridden by the configuration.

use identity_adapters_keycloak::{ClientSeed, Component as BuiltIn, Preset, preset};
use identity_core::entity::{NewClient, Permission, Role};
use identity_core::preset::{IDENTITY_AUDIENCE, READ_SECRETS, WRITE};
use identity_core::value::{Audience, ClientId, InvalidValue, Name, PermissionName, RedirectUri};

use crate::config::{Component, ComponentApplication, ComponentSeed, Components};

/// Returns the APIs, roles and clients of a component. A configured list replaces the built-in list as a whole.
pub(super) fn component(
    key: &str,
    seed: &ComponentSeed,
    configured: &Components,
) -> Result<(Preset, Vec<ClientSeed>), InvalidValue> {
    let built_in = preset(key);
    let mut values = match built_in {
        Some(component) => component.values()?,
        None => Preset { apis: Vec::new(), roles: Vec::new(), client_permissions: Vec::new() },
    };
    let configured = configured.get(key);
    let clients = match configured.and_then(|component| component.applications.as_ref()) {
        Some(applications) => {
            // Values of `keycloak.init` apply only if the component has a single application.
            let seed = Some(seed).filter(|_| applications.len() == 1);
            applications.iter().map(|application| of_application(application, seed)).collect()
        }
        None => {
            built_in.map(|built_in| of_preset(built_in, seed, &values)).transpose()?.into_iter().flatten().collect()
        }
    };
    if let Some(component) = configured {
        replace(&mut values, component)?;
    }
    Ok((values, clients))
}

fn replace(values: &mut Preset, component: &Component) -> Result<(), InvalidValue> {
    if let Some(apis) = &component.apis {
        let old = std::mem::replace(&mut values.apis, apis.clone());
        let own = old.into_iter().find(|(audience, ..)| audience.as_str() == IDENTITY_AUDIENCE);
        // This server's own API keeps its built-in permissions that the replaced service lacks.
        if let Some((audience, name, permissions)) = own {
            match values.apis.iter_mut().find(|(known, ..)| *known == audience) {
                Some((.., known)) => {
                    let missing = permissions.into_iter();
                    let missing = missing.filter(|one| !known.iter().any(|old| old.definition == one.definition));
                    let missing: Vec<_> = missing.collect();
                    known.extend(missing);
                }
                None => values.apis.push((audience, name, permissions)),
            }
        }
    }
    if let Some(roles) = &component.roles {
        values.roles = roles.iter().cloned().map(with_secrets).collect::<Result<_, _>>()?;
    }
    Ok(())
}

/// Adds the permission to read secrets to roles that may write: in the replaced service, write access to applications
/// includes their secrets.
fn with_secrets(mut role: Role) -> Result<Role, InvalidValue> {
    let own = |definition: &str| {
        Ok::<_, InvalidValue>(Permission {
            audience: Audience::parse(IDENTITY_AUDIENCE)?,
            definition: PermissionName::parse(definition)?,
        })
    };
    if role.permissions.contains(&own(WRITE)?) {
        role.permissions.insert(own(READ_SECRETS)?);
    }
    Ok(role)
}

fn of_application(application: &ComponentApplication, seed: Option<&ComponentSeed>) -> ClientSeed {
    let ComponentApplication { client_id, name, kind, secret, root_url, redirect_uris, permissions } = application;
    let (id, seeded, root) = match seed {
        Some(seed) => (seed.client_id.clone(), seed.secret.clone(), seed.root_url.clone()),
        None => (None, None, None),
    };
    let root_url = root.or_else(|| root_url.clone());
    let is_below = |uri: &&RedirectUri| root_url.is_some() || !uri.as_str().starts_with('/');
    let new = NewClient {
        client_id: id.unwrap_or_else(|| client_id.clone()),
        name: name.clone(),
        kind: *kind,
        secret: seeded.or_else(|| secret.clone()).filter(|_| kind.has_secret()),
        redirect_uris: redirect_uris.iter().filter(is_below).cloned().collect(),
        root_url,
    };
    ClientSeed { new, permissions: permissions.clone() }
}

fn of_preset(component: &BuiltIn, seed: &ComponentSeed, values: &Preset) -> Result<Option<ClientSeed>, InvalidValue> {
    let Some(client) = component.client else { return Ok(None) };
    let redirect_uris = match &seed.root_url {
        Some(_) => client.redirect_paths.iter().map(|path| RedirectUri::parse(path)).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    let new = NewClient {
        client_id: seed.client_id.clone().map_or_else(|| ClientId::parse(client.client_id), Ok)?,
        name: Name::parse(client.name)?,
        kind: client.kind,
        secret: seed.secret.clone().filter(|_| client.kind.has_secret()),
        root_url: seed.root_url.clone(),
        redirect_uris,
    };
    Ok(Some(ClientSeed { new, permissions: values.client_permissions.clone() }))
}
