use std::fmt;

use serde_json::Value;

use super::AdminPower;
use crate::catalog::UnknownAccess;
use crate::entity::{AuditEntity, CustomType, EntityKind, Membership};
use crate::value::{Params, PermissionName, PropertyName, ResourceTypeName};

/// Reason why a command is refused. Its [`code`](Refusal::code) is stable and part of the public API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An entity with this id exists already, or an authorization that grants a requested permission.
    #[error("{0} exists already")]
    Exists(AuditEntity),
    /// The entity of the command, or an entity that it refers to, does not exist.
    #[error("{0} does not exist")]
    Missing(AuditEntity),
    /// The directory is deleting the entity, so it cannot be granted access.
    #[error("{0} is being deleted, so it cannot be granted access")]
    BeingDeleted(AuditEntity),
    /// The party is already a direct member of the group, role or tenant.
    #[error("{} is already a member of {}", .0.member(), .0.container())]
    AlreadyMember(Membership),
    /// The party is not a direct member of the group, role or tenant.
    #[error("{} is not a member of {}", .0.member(), .0.container())]
    NotMember(Membership),
    /// The entity is a protected default of the installation.
    #[error("{0} is a built-in default and cannot be changed or deleted")]
    Protected(AuditEntity),
    /// The name of the resource type has another meaning in one of the HTTP APIs, such as `..` in URL paths.
    #[error("`{0}` is a reserved name and cannot be a resource type; choose another name")]
    Reserved(ResourceTypeName),
    /// The resource type does not exist, or does not have the permission or property.
    #[error(transparent)]
    Unsupported(#[from] UnknownAccess),
    /// A comparison of a condition reads a property that the resource type does not have.
    #[error("{unknown}")]
    UnsupportedComparison {
        /// Position of the comparison in the condition, starting at 0.
        index: usize,
        /// Property that the resource type does not have.
        unknown: UnknownAccess,
    },
    /// The authorization to create or update has no permission.
    #[error("an authorization must have at least one permission")]
    NoPermissions,
    /// The kind of the mapping rule restricts it to another type of container: groups, roles or tenants. The kind of a
    /// rule cannot change.
    #[error("{0} is for another type of target, and the type of a rule cannot change; create another rule")]
    RuleKind(AuditEntity),
    /// Another mapping rule of kind [`Any`](crate::entity::RuleKind::Any) has the same claim, operator, value and
    /// issuer.
    #[error("{0} already matches this claim and value; choose another claim or value")]
    SamePredicate(AuditEntity),
    /// The change would remove the last principal that can sign in and holds this power.
    #[error("the change would remove the last principal that can {0}; grant that access to another principal first")]
    LockOut(AdminPower),
    /// The resource type has no permission, too many permissions or too many properties.
    #[error(
        "a resource type must have 1 to {} permissions and at most {} properties",
        CustomType::MAX_PERMISSIONS,
        CustomType::MAX_PROPERTIES
    )]
    TypeSize,
    /// Authorizations use a permission or property that the update would remove from its resource type.
    #[error("{part} is still {} {}{}; first change or delete what uses it", .part.used(), .owner, and_others(*.others))]
    InUse {
        /// Permission or property to remove.
        part: TypePart,
        /// Owner of the first authorization that uses it.
        owner: AuditEntity,
        /// Number of further authorizations that use it.
        others: usize,
    },
    /// Authorizations already refer to the entity to create, so their access would apply to it.
    #[error("{} to {entity}, which does not exist yet; the access would apply to the new entity", leftovers(*.count))]
    Leftovers {
        /// Entity to create.
        entity: AuditEntity,
        /// Number of authorizations whose resource it is.
        count: usize,
    },
    /// Authorizations on the resource type cannot have a condition, or cannot be limited by a property without a
    /// condition.
    #[error("authorizations on `{0}` cannot depend on {1}")]
    Inapplicable(String, &'static str),
    /// The named field contains an invisible character or a bidirectional control.
    #[error("`{0}` must not contain bidirectional controls or invisible characters")]
    HiddenCharacters(&'static str),
    /// The entity no longer has the version for which the change is meant.
    #[error("{0} was changed in the meantime")]
    Changed(AuditEntity),
    /// The plan of the change is no longer the one that was reviewed.
    #[error("the policies have changed since the plan was made; make a new plan")]
    Outdated,
    /// The change exceeds the capacity of a commit or of a world.
    #[error("the change is too large; split it into smaller changes")]
    Full,
}

impl Refusal {
    /// Returns the stable reason code, such as `already_member`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Exists(_) => "exists",
            Self::Missing(_) => "missing",
            Self::BeingDeleted(_) => "being_deleted",
            Self::AlreadyMember(_) => "already_member",
            Self::NotMember(_) => "not_member",
            Self::Protected(_) => "protected",
            Self::Reserved(_) => "reserved",
            Self::Unsupported(_) | Self::UnsupportedComparison { .. } => "unsupported",
            Self::NoPermissions => "no_permissions",
            Self::RuleKind(_) => "rule_kind",
            Self::SamePredicate(_) => "same_predicate",
            Self::LockOut(_) => "lock_out",
            Self::TypeSize => "type_size",
            Self::InUse { .. } => "in_use",
            Self::Leftovers { .. } => "leftover_authorizations",
            Self::Inapplicable(..) => "inapplicable",
            Self::HiddenCharacters(_) => "hidden_characters",
            Self::Changed(_) => "changed",
            Self::Outdated => "outdated",
            Self::Full => "too_large",
        }
    }
}

impl Refusal {
    /// Returns the parameters of the reason, such as `kind` and `key` of the entity that exists already.
    #[must_use]
    pub fn params(&self) -> Params {
        let texts = |texts: &[(&'static str, &str)]| texts.iter().map(|(name, text)| (*name, (*text).into())).collect();
        match self {
            Self::Exists(entity)
            | Self::Missing(entity)
            | Self::BeingDeleted(entity)
            | Self::Protected(entity)
            | Self::RuleKind(entity)
            | Self::SamePredicate(entity)
            | Self::Changed(entity) => entity.params(),
            Self::AlreadyMember(membership) | Self::NotMember(membership) => {
                let member = AuditEntity::from(membership.member());
                let mut params = AuditEntity::from(membership.container()).params();
                params.extend([("memberKind", kind(member.kind)), ("member", member.key.into())]);
                params
            }
            Self::Reserved(name) => texts(&[("name", name.as_str())]),
            Self::Unsupported(unknown) | Self::UnsupportedComparison { unknown, .. } => unknown.params(),
            Self::LockOut(power) => texts(&[("power", power.name())]),
            Self::TypeSize => Params::from([
                ("maxPermissions", CustomType::MAX_PERMISSIONS.into()),
                ("maxProperties", CustomType::MAX_PROPERTIES.into()),
            ]),
            Self::InUse { part, owner, others } => {
                let (part, name) = match part {
                    TypePart::Permission(name) => ("permission", name.as_str()),
                    TypePart::Property(name) => ("property", name.as_str()),
                };
                let mut params = owner.params();
                params.extend([("part", part.into()), ("name", name.into()), ("others", (*others).into())]);
                params
            }
            Self::Leftovers { entity, count } => {
                let mut params = entity.params();
                params.insert("count", (*count).into());
                params
            }
            Self::Inapplicable(resource_type, what) => texts(&[("type", resource_type), ("what", what)]),
            Self::HiddenCharacters(field) => texts(&[("field", field)]),
            Self::NoPermissions | Self::Outdated | Self::Full => Params::new(),
        }
    }
}

impl AuditEntity {
    /// Returns the entity as parameters of an error: its `kind`, such as `GROUP`, and its `key`, which may be empty.
    #[must_use]
    pub fn params(&self) -> Params {
        Params::from([("kind", kind(self.kind)), ("key", self.key.as_str().into())])
    }
}

fn kind(kind: EntityKind) -> Value {
    serde_json::to_value(kind).unwrap_or_default()
}

/// Part of a resource type that an update would remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypePart {
    /// Permission that authorizations grant.
    Permission(PermissionName),
    /// Property that conditions read.
    Property(PropertyName),
}

impl TypePart {
    fn used(&self) -> &'static str {
        match self {
            Self::Permission(_) => "granted to",
            Self::Property(_) => "read by a condition of",
        }
    }
}

impl fmt::Display for TypePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permission(name) => write!(f, "the permission `{name}`"),
            Self::Property(name) => write!(f, "the property `{name}`"),
        }
    }
}

fn and_others(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => ", and in one more authorization".to_owned(),
        _ => format!(", and in {count} more authorizations"),
    }
}

fn leftovers(count: usize) -> String {
    if count == 1 { "an authorization refers".to_owned() } else { format!("{count} authorizations refer") }
}

impl fmt::Display for AuditEntity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            EntityKind::User => "user",
            EntityKind::Client => "client",
            EntityKind::Group => "group",
            EntityKind::Role => "role",
            EntityKind::Tenant => "tenant",
            EntityKind::MappingRule => "mapping rule",
            EntityKind::Authorization => "authorization",
            EntityKind::Resource => "resource",
            EntityKind::AuditLog => "audit log entry",
            EntityKind::Session => "session",
            EntityKind::ResourceType => "resource type",
            EntityKind::Decision => "decision",
        };
        if self.key.is_empty() { write!(f, "{kind}") } else { write!(f, "{kind} `{}`", self.key) }
    }
}
