use std::fmt;

use super::AdminPower;
use crate::entity::{AuditEntity, CustomType, EntityKind, Membership};
use crate::matrix::UnknownAccess;
use crate::value::{PermissionName, PropertyName, ResourceTypeName};

/// Why a command is refused. [`Refusal::code`] is stable and public.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is one already.
    #[error("{0} exists already")]
    Exists(AuditEntity),
    /// There is none.
    #[error("{0} does not exist")]
    Missing(AuditEntity),
    /// Its directory is deleting it.
    #[error("{0} is being deleted; nothing can be given to it")]
    BeingDeleted(AuditEntity),
    /// They are a member already.
    #[error("{} is already a member of {}", .0.member(), .0.container())]
    AlreadyMember(Membership),
    /// They are not a member.
    #[error("{} is not a member of {}", .0.member(), .0.container())]
    NotMember(Membership),
    /// A default that keeps the installation working.
    #[error("{0} is a default and cannot be changed or deleted")]
    Protected(AuditEntity),
    /// A name that surfaces use for something else.
    #[error("`{0}` means something else to this service and cannot be a resource type; choose another name")]
    Reserved(ResourceTypeName),
    /// The resource type, permission or property does not exist.
    #[error(transparent)]
    Unsupported(#[from] UnknownAccess),
    /// An authorization without a permission grants nothing.
    #[error("an authorization needs at least one permission")]
    NoPermissions,
    /// A typed rule can only have targets of its type, for ever.
    #[error("{0} has another type of target, which cannot be changed")]
    RuleKind(AuditEntity),
    /// Another rule looks for the same value of the same claim.
    #[error("{0} looks for the same value of the same claim")]
    SamePredicate(AuditEntity),
    /// Nobody could undo this, or anything else.
    #[error("after this change nobody could {0} any more; give somebody else that access first")]
    LockOut(AdminPower),
    /// A resource type without a permission, or with too many of something.
    #[error(
        "a resource type has 1 to {} permissions and at most {} properties",
        CustomType::MOST_PERMISSIONS,
        CustomType::MOST_PROPERTIES
    )]
    TypeSize,
    /// Authorizations grant, or look at, what would go from a resource type.
    #[error("{part} is still {} {}{}; change what uses it first", .part.used(), .owner, and_others(*.others))]
    InUse {
        /// What would go.
        part: TypePart,
        /// The owner of the first authorization that uses it.
        owner: AuditEntity,
        /// How many more authorizations use it.
        others: usize,
    },
    /// Authorizations name the entity that is to be created.
    #[error("{} on {entity} before it exists; what they grant would apply to the new one", leftovers(*.count))]
    Leftovers {
        /// The entity to create.
        entity: AuditEntity,
        /// How many authorizations have it as their resource.
        count: usize,
    },
    /// A condition or a property where the type takes none.
    #[error("authorizations on `{0}` cannot depend on {1}")]
    Inapplicable(String, &'static str),
    /// A character that a reader does not see, or that changes the order of others.
    #[error("`{0}` must not have bidirectional controls or invisible characters")]
    HiddenCharacters(&'static str),
    /// More than one commit or one world holds.
    #[error("the change is too large; split it")]
    Full,
}

impl Refusal {
    /// The reason code.
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
            Self::Unsupported(_) => "unsupported",
            Self::NoPermissions => "no_permissions",
            Self::RuleKind(_) => "rule_kind",
            Self::SamePredicate(_) => "same_predicate",
            Self::LockOut(_) => "lock_out",
            Self::TypeSize => "type_size",
            Self::InUse { .. } => "in_use",
            Self::Leftovers { .. } => "leftover_authorizations",
            Self::Inapplicable(..) => "inapplicable",
            Self::HiddenCharacters(_) => "hidden_characters",
            Self::Full => "too_large",
        }
    }
}

/// Something that a resource type has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypePart {
    /// A permission, which authorizations grant.
    Permission(PermissionName),
    /// A property, which conditions look at.
    Property(PropertyName),
}

impl TypePart {
    fn used(&self) -> &'static str {
        match self {
            Self::Permission(_) => "granted to",
            Self::Property(_) => "looked at by a condition of",
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
    if count == 1 { "an authorization is".to_owned() } else { format!("{count} authorizations are") }
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
