//! Decisions by Cedar: for each permission, one policy for a resource and one for all resources of its type. Grants are
//! attributes of the resources; users have their groups and roles as parents.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use identity_bench::policies::{Owner, Policies, Query, TYPES, permissions_of, resource_id};

pub struct Cedar {
    authorizer: Authorizer,
    entities: Entities,
    all: PolicySet,
    by_action: HashMap<String, PolicySet>,
    people: Vec<usize>,
    types: Types,
}

struct Types {
    owner: EntityTypeName,
    action: EntityTypeName,
    resource: EntityTypeName,
    catalog: EntityTypeName,
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn owner_id(owner: Owner) -> String {
    match owner {
        Owner::User(number) => format!("user-{number}"),
        Owner::Group(number) => format!("group-{number}"),
        Owner::Role(number) => format!("role-{number}"),
    }
}

fn key(resource_type: &str, id: &str) -> String {
    format!("{resource_type}/{id}")
}

type Grants = HashMap<String, HashMap<String, HashSet<EntityUid>>>;

impl Cedar {
    pub fn new(policies: &Policies) -> Self {
        let name = |name: &str| name.parse::<EntityTypeName>().expect("a type name");
        let types =
            Types { owner: name("Owner"), action: name("Action"), resource: name("Resource"), catalog: name("Catalog") };
        let (mut on_resources, mut on_types) = (Grants::new(), Grants::new());
        for grant in &policies.grants {
            let resource_type = TYPES[grant.resource_type];
            let (place, entity) = match grant.id {
                Some(id) => (&mut on_resources, key(resource_type, &resource_id(id))),
                None => (&mut on_types, resource_type.to_owned()),
            };
            let holders = place.entry(entity).or_default();
            for permission in grant.permissions() {
                holders.entry(permission.to_string()).or_default().insert(uid(&types.owner, &owner_id(grant.owner)));
            }
        }
        let attributes = |holders: HashMap<String, HashSet<EntityUid>>| -> HashMap<String, RestrictedExpression> {
            let set = |holders: HashSet<EntityUid>| {
                RestrictedExpression::new_set(holders.into_iter().map(RestrictedExpression::new_entity_uid))
            };
            holders.into_iter().map(|(permission, holders)| (permission, set(holders))).collect()
        };
        let mut entities: Vec<Entity> = Vec::new();
        for (id, holders) in on_resources {
            let parent = id.split_once('/').map(|(resource_type, _)| uid(&types.catalog, resource_type));
            let entity = Entity::new(uid(&types.resource, &id), attributes(holders), parent.into_iter().collect());
            entities.push(entity.expect("a resource"));
        }
        for resource_type in TYPES {
            let holders = on_types.remove(resource_type).unwrap_or_default();
            let entity = Entity::new(uid(&types.catalog, resource_type), attributes(holders), HashSet::new());
            entities.push(entity.expect("a type"));
        }
        for person in &policies.people {
            let user = Owner::User(person.user);
            let parents = person.owners().filter(|owner| *owner != user).map(|owner| uid(&types.owner, &owner_id(owner)));
            entities.push(Entity::new_no_attrs(uid(&types.owner, &owner_id(user)), parents.collect()));
        }
        let entities = Entities::from_entities(entities, None).expect("entities");
        let (mut all, mut by_action) = (String::new(), HashMap::new());
        for resource_type in TYPES {
            for permission in permissions_of(resource_type) {
                let text = format!(
                    "permit(principal, action == Action::\"{resource_type}:{permission}\", resource)\n\
                     when {{ resource has {permission} && principal in resource.{permission} }};\n\
                     permit(principal, action == Action::\"{resource_type}:{permission}\", resource)\n\
                     when {{ Catalog::\"{resource_type}\" has {permission} && \
                     principal in Catalog::\"{resource_type}\".{permission} }};\n"
                );
                all.push_str(&text);
                by_action.insert(format!("{resource_type}:{permission}"), text.parse().expect("policies"));
            }
        }
        let people = policies.people.iter().map(|person| person.user).collect();
        let all = all.parse().expect("policies");
        Self { authorizer: Authorizer::new(), entities, all, by_action, people, types }
    }

    /// With all policies, or only with those of the action.
    pub fn allows(&self, query: &Query, sliced: bool) -> bool {
        let action = key_of_action(query);
        let request = Request::new(
            uid(&self.types.owner, &owner_id(Owner::User(self.people[query.person]))),
            uid(&self.types.action, &action),
            uid(&self.types.resource, &key(query.resource_type, &query.id)),
            Context::empty(),
            None,
        );
        let policies = if sliced { &self.by_action[&action] } else { &self.all };
        let response = self.authorizer.is_authorized(&request.expect("a request"), policies, &self.entities);
        response.decision() == Decision::Allow
    }
}

fn key_of_action(query: &Query) -> String {
    format!("{}:{}", query.resource_type, query.permission)
}
