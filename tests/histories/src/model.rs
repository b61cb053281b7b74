//! Semantics of writes and reads. The model is the checker's only knowledge of the domain and shares no code with the
//! server.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// Kind of a [`Party`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    User,
    Group,
    Role,
}

/// A user, group or role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Party {
    pub kind: Kind,
    pub id: String,
}

impl Party {
    #[must_use]
    pub fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

/// An authorization: a permission of an owner on a resource; [`EVERY`] means all resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Grant {
    pub owner: Party,
    pub resource: String,
    pub permission: String,
}

/// Resource of a grant that applies to all resources.
pub const EVERY: &str = "*";

/// A write operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    Create(Party),
    Delete(Party),
    /// Adds a member to a group or role.
    Join {
        container: Party,
        member: Party,
    },
    /// Removes a member from a group or role.
    Leave {
        container: Party,
        member: Party,
    },
    /// Creates an authorization.
    Grant(Grant),
    /// Deletes the authorization with this key.
    Revoke {
        key: String,
    },
}

/// Reason for the refusal of a write, as indicated by the response status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Missing,
    Exists,
}

impl Refused {
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Missing => 404,
            Self::Exists => 409,
        }
    }
}

/// A read operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// The decisions for every user, permission and resource.
    Decisions,
    /// The users in a group.
    Members { group: String },
    /// The IDs of all groups.
    Groups,
}

/// The answer to a [`Read`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// One character per decision, `1` for allow and `0` for deny, in the order of [`questions`].
    Decisions(String),
    Names(BTreeSet<String>),
}

/// The IDs of users.
pub const USERS: [&str; 5] = ["u0", "u1", "u2", "u3", "u4"];
/// The IDs of groups.
pub const GROUPS: [&str; 3] = ["g0", "g1", "g2"];
/// The IDs of roles.
pub const ROLES: [&str; 2] = ["r0", "r1"];
/// The resources of decisions.
pub const RESOURCES: [&str; 3] = ["a", "b", "c"];
/// The permissions of decisions.
pub const PERMISSIONS: [&str; 2] = ["READ_PROCESS_DEFINITION", "CREATE_PROCESS_INSTANCE"];

/// User, permission and resource of each decision of [`Read::Decisions`].
pub fn questions() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let of_user = |user| PERMISSIONS.into_iter().flat_map(move |p| RESOURCES.into_iter().map(move |r| (user, p, r)));
    USERS.into_iter().flat_map(of_user)
}

/// The complete state at a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Model {
    pub parties: BTreeSet<Party>,
    /// Pairs of container and member.
    pub members: BTreeSet<(Party, Party)>,
    /// Authorizations by key.
    pub grants: BTreeMap<String, Grant>,
}

impl Model {
    /// Applies a write; `key` is the key of the authorization that it creates.
    ///
    /// # Errors
    /// When the write is refused; the state is unchanged.
    pub fn apply(&mut self, write: &Write, key: Option<&str>) -> Result<(), Refused> {
        match write {
            Write::Create(party) => self.parties.insert(party.clone()).then_some(()).ok_or(Refused::Exists),
            Write::Delete(party) => {
                self.parties.remove(party).then_some(()).ok_or(Refused::Missing)?;
                self.members.retain(|(container, member)| container != party && member != party);
                self.grants.retain(|_, grant| grant.owner != *party);
                Ok(())
            }
            Write::Join { container, member } => {
                self.existing(container)?;
                self.existing(member)?;
                let is_new = self.members.insert((container.clone(), member.clone()));
                is_new.then_some(()).ok_or(Refused::Exists)
            }
            Write::Leave { container, member } => {
                let was_member = self.members.remove(&(container.clone(), member.clone()));
                was_member.then_some(()).ok_or(Refused::Missing)
            }
            Write::Grant(grant) => {
                self.existing(&grant.owner)?;
                if self.grants.values().any(|other| other == grant) {
                    return Err(Refused::Exists);
                }
                self.grants.insert(key.unwrap_or_default().to_owned(), grant.clone());
                Ok(())
            }
            Write::Revoke { key } => self.grants.remove(key).map(drop).ok_or(Refused::Missing),
        }
    }

    /// Answers a read.
    #[must_use]
    pub fn answer(&self, read: &Read) -> Answer {
        match read {
            Read::Decisions => {
                let decide =
                    |(user, permission, resource)| if self.allows(user, permission, resource) { '1' } else { '0' };
                Answer::Decisions(questions().map(decide).collect())
            }
            Read::Members { group } => {
                let group = Party::new(Kind::Group, group);
                let users =
                    self.members.iter().filter(|(container, member)| *container == group && member.kind == Kind::User);
                Answer::Names(users.map(|(_, member)| member.id.clone()).collect())
            }
            Read::Groups => {
                let groups = self.parties.iter().filter(|party| party.kind == Kind::Group);
                Answer::Names(groups.map(|party| party.id.clone()).collect())
            }
        }
    }

    fn existing(&self, party: &Party) -> Result<(), Refused> {
        if self.parties.contains(party) { Ok(()) } else { Err(Refused::Missing) }
    }

    /// A user has their own authorizations and those of their groups and roles, including nested memberships.
    fn allows(&self, user: &str, permission: &str, resource: &str) -> bool {
        let mut owners = BTreeSet::from([Party::new(Kind::User, user)]);
        loop {
            let containers = self.members.iter().filter(|(_, member)| owners.contains(member));
            let more: Vec<Party> = containers.map(|(container, _)| container.clone()).collect();
            let before = owners.len();
            owners.extend(more);
            if owners.len() == before {
                break;
            }
        }
        self.grants.values().any(|grant| {
            owners.contains(&grant.owner)
                && grant.permission == permission
                && [resource, EVERY].contains(&grant.resource.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(writes: &[Write]) -> Model {
        let mut model = Model::default();
        for (number, write) in writes.iter().enumerate() {
            assert_eq!(model.apply(write, Some(&number.to_string())), Ok(()), "{write:?}");
        }
        model
    }

    fn user() -> Party {
        Party::new(Kind::User, "u0")
    }

    fn group() -> Party {
        Party::new(Kind::Group, "g0")
    }

    fn role() -> Party {
        Party::new(Kind::Role, "r0")
    }

    fn join(container: Party, member: Party) -> Write {
        Write::Join { container, member }
    }

    fn grant(owner: Party, resource: &str) -> Write {
        Write::Grant(Grant { owner, resource: resource.to_owned(), permission: PERMISSIONS[0].to_owned() })
    }

    fn set_up() -> Vec<Write> {
        vec![Write::Create(user()), Write::Create(group()), Write::Create(role())]
    }

    fn decisions(model: &Model) -> String {
        let Answer::Decisions(decisions) = model.answer(&Read::Decisions) else { panic!("decisions") };
        decisions.chars().take(6).collect()
    }

    #[test]
    fn rights_come_from_oneself_from_groups_and_from_their_roles() {
        let mut writes = set_up();
        assert_eq!(decisions(&model(&writes)), "000000");
        writes.push(grant(user(), "b"));
        assert_eq!(decisions(&model(&writes)), "010000");
        writes.extend([grant(role(), EVERY), join(role(), group())]);
        assert_eq!(decisions(&model(&writes)), "010000");
        writes.push(join(group(), user()));
        assert_eq!(decisions(&model(&writes)), "111000");
        writes.push(Write::Delete(group()));
        assert_eq!(decisions(&model(&writes)), "010000");
        writes.push(Write::Revoke { key: "3".to_owned() });
        assert_eq!(decisions(&model(&writes)), "000000");
    }

    #[test]
    fn a_deleted_party_leaves_nothing_to_the_next_of_its_id() {
        let mut writes = set_up();
        writes.extend([grant(group(), "a"), join(group(), user()), Write::Delete(group()), Write::Create(group())]);
        writes.push(join(group(), user()));
        let model = model(&writes);
        assert_eq!(decisions(&model), "000000");
        assert!(model.grants.is_empty());
    }

    #[test]
    fn refuses_what_is_missing_and_what_exists() {
        let mut model = model(&set_up());
        let before = model.clone();
        let other = Party::new(Kind::User, "u1");
        for (write, refused) in [
            (Write::Create(user()), Refused::Exists),
            (Write::Delete(other.clone()), Refused::Missing),
            (join(group(), other.clone()), Refused::Missing),
            (Write::Leave { container: group(), member: user() }, Refused::Missing),
            (grant(other, "a"), Refused::Missing),
            (Write::Revoke { key: "1".to_owned() }, Refused::Missing),
        ] {
            assert_eq!(model.apply(&write, Some("9")), Err(refused), "{write:?}");
        }
        assert_eq!(model, before);
        assert_eq!(model.apply(&grant(user(), "a"), Some("8")), Ok(()));
        assert_eq!(model.apply(&grant(user(), "a"), Some("9")), Err(Refused::Exists));
        assert_eq!(model.apply(&join(group(), user()), None), Ok(()));
        assert_eq!(model.apply(&join(group(), user()), None), Err(Refused::Exists));
    }

    #[test]
    fn lists_members_and_groups() {
        let mut writes = set_up();
        writes.push(join(group(), user()));
        let model = model(&writes);
        let names = |names: &[&str]| Answer::Names(names.iter().map(|&name| name.to_owned()).collect());
        assert_eq!(model.answer(&Read::Members { group: "g0".to_owned() }), names(&["u0"]));
        assert_eq!(model.answer(&Read::Members { group: "g1".to_owned() }), names(&[]));
        assert_eq!(model.answer(&Read::Groups), names(&["g0"]));
    }
}
