//! Entities as columns: the names that relational stores write, and the checks when they are read back.

use std::borrow::Cow;
use std::collections::BTreeSet;

use time::format_description::StaticFormatDescription;
use time::macros::{datetime, format_description};
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

use super::{
    Actor, Authorization, Condition, Container, Group, MappingRule, Membership, Operator, Party, Permission, Principal,
    Role, RuleKind, Scope, Tenant, User,
};
use crate::value::{
    Audience, AuthorizationKey, BrokenRule, ClaimSelector, ClaimValue, ClientId, Description, Email, GroupId,
    InvalidValue, Issuer, MappingRuleId, Name, PasswordHash, PermissionName, PropertyName, ResourceId,
    ResourceTypeName, RoleId, TenantId, Username,
};

/// Separates the items of a list that a query aggregates into one column. No id can hold it.
pub const SEPARATOR: char = '\u{1f}';

/// The times that stores keep: those whose years have four digits.
const FIRST: OffsetDateTime = datetime!(0001-01-01 00:00 UTC);
const LAST: OffsetDateTime = datetime!(9999-12-31 23:59:59.999_999 UTC);
const TIME: StaticFormatDescription =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// The time as stores keep it: in UTC, to the microsecond, from the year 1 to 9999.
#[must_use]
pub fn to_microsecond(time: OffsetDateTime) -> OffsetDateTime {
    let utc = time.clamp(FIRST, LAST).to_offset(UtcOffset::UTC);
    utc.replace_nanosecond(utc.nanosecond() / 1_000 * 1_000).unwrap_or(utc)
}

/// The time as stores keep it, in RFC 3339 with six decimals. Such texts sort as the times pass.
#[must_use]
pub fn time_text(time: OffsetDateTime) -> String {
    to_microsecond(time).format(TIME).unwrap_or_default()
}

/// The time of which this is the text.
#[must_use]
pub fn parse_time(text: &str) -> Option<OffsetDateTime> {
    let time = PrimitiveDateTime::parse(text, TIME).ok()?.assume_utc();
    (time_text(time) == text).then_some(time)
}

/// The text as all stores can keep it: PostgreSQL's cannot hold U+0000.
#[must_use]
pub fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

fn unknown(what: &'static str, names: &'static str) -> InvalidValue {
    InvalidValue { what, rule: BrokenRule::Form(names, String::new()) }
}

impl Party {
    /// The kind as a stored name.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::User(_) => "USER",
            Self::Client(_) => "CLIENT",
            Self::Group(_) => "GROUP",
            Self::Role(_) => "ROLE",
            Self::MappingRule(_) => "MAPPING_RULE",
        }
    }

    /// # Errors
    /// When there is no such kind, or the text is no id of that kind.
    pub fn parse(kind_name: &str, id: &str) -> Result<Self, InvalidValue> {
        match kind_name {
            "USER" => Username::parse(id).map(Self::User),
            "CLIENT" => ClientId::parse(id).map(Self::Client),
            "GROUP" => GroupId::parse(id).map(Self::Group),
            "ROLE" => RoleId::parse(id).map(Self::Role),
            "MAPPING_RULE" => MappingRuleId::parse(id).map(Self::MappingRule),
            _ => Err(unknown("type", "USER, CLIENT, GROUP, ROLE or MAPPING_RULE")),
        }
    }
}

impl Container {
    /// The kind as a stored name.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Group(_) => "GROUP",
            Self::Role(_) => "ROLE",
            Self::Tenant(_) => "TENANT",
        }
    }

    /// # Errors
    /// When there is no such kind, or the text is no id of that kind.
    pub fn parse(kind_name: &str, id: &str) -> Result<Self, InvalidValue> {
        match kind_name {
            "GROUP" => GroupId::parse(id).map(Self::Group),
            "ROLE" => RoleId::parse(id).map(Self::Role),
            "TENANT" => TenantId::parse(id).map(Self::Tenant),
            _ => Err(unknown("container type", "GROUP, ROLE or TENANT")),
        }
    }
}

impl Principal {
    /// The kind as a stored name.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::User(_) => "USER",
            Self::Client(_) => "CLIENT",
        }
    }

    /// # Errors
    /// When there is no such kind, or the text is no id of that kind.
    pub fn parse(kind_name: &str, id: &str) -> Result<Self, InvalidValue> {
        match kind_name {
            "USER" => Username::parse(id).map(Self::User),
            "CLIENT" => ClientId::parse(id).map(Self::Client),
            _ => Err(unknown("principal type", "USER or CLIENT")),
        }
    }
}

impl Actor {
    /// The kind as a stored name.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Principal(principal) => principal.kind_name(),
            Self::Anonymous => "ANONYMOUS",
            Self::System => "SYSTEM",
        }
    }

    /// The username or client id, if there is one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Principal(principal) => Some(principal.id()),
            Self::Anonymous | Self::System => None,
        }
    }

    /// # Errors
    /// When there is no such kind, or the text is no id of that kind.
    pub fn parse(kind_name: &str, id: Option<&str>) -> Result<Self, InvalidValue> {
        match (kind_name, id) {
            ("ANONYMOUS", None) => Ok(Self::Anonymous),
            ("SYSTEM", None) => Ok(Self::System),
            (_, Some(id)) => Principal::parse(kind_name, id).map(Self::Principal),
            (_, None) => Err(unknown("actor type", "ANONYMOUS or SYSTEM where there is no id")),
        }
    }
}

impl Scope {
    /// The kind as a stored name.
    #[must_use]
    pub fn match_name(&self) -> &'static str {
        match self {
            Self::Any => "ANY",
            Self::Id(_) => "ID",
            Self::Property(_) => "PROPERTY",
        }
    }

    /// The resource id or the property's name.
    #[must_use]
    pub fn match_value(&self) -> Option<&str> {
        match self {
            Self::Any => None,
            Self::Id(id) => Some(id.as_str()),
            Self::Property(name) => Some(name.as_str()),
        }
    }

    /// # Errors
    /// When there is no such kind, or the text is no value of that kind.
    pub fn parse(match_name: &str, value: Option<&str>) -> Result<Self, InvalidValue> {
        match (match_name, value) {
            ("ANY", None) => Ok(Self::Any),
            ("ID", Some(id)) => ResourceId::parse(id).map(Self::Id),
            ("PROPERTY", Some(name)) => PropertyName::parse(name).map(Self::Property),
            _ => Err(unknown("resource match", "ANY without a value, or ID or PROPERTY with one")),
        }
    }
}

impl User {
    /// # Errors
    /// When a column does not hold what it should.
    pub fn from_columns(
        username: &str,
        name: Option<&str>,
        email: Option<&str>,
        password: &str,
    ) -> Result<Self, InvalidValue> {
        Ok(Self {
            username: Username::parse(username)?,
            name: name.map(Name::parse).transpose()?,
            email: email.map(Email::parse).transpose()?,
            password: PasswordHash::new(password.to_owned()),
        })
    }
}

impl Group {
    /// # Errors
    /// When a column does not hold what it should.
    pub fn from_columns(id: &str, name: &str, description: &str) -> Result<Self, InvalidValue> {
        let (name, description) = (Name::parse(name)?, Description::parse(description)?);
        Ok(Self { id: GroupId::parse(id)?, name, description })
    }
}

impl Tenant {
    /// # Errors
    /// When a column does not hold what it should.
    pub fn from_columns(id: &str, name: &str, description: &str) -> Result<Self, InvalidValue> {
        let (name, description) = (Name::parse(name)?, Description::parse(description)?);
        Ok(Self { id: TenantId::parse(id)?, name, description })
    }
}

impl Role {
    /// `permissions`: audience, definition, audience, definition … between [`SEPARATOR`]s.
    ///
    /// # Errors
    /// When a column does not hold what it should.
    pub fn from_columns(
        id: &str,
        name: &str,
        description: &str,
        permissions: Option<&str>,
    ) -> Result<Self, InvalidValue> {
        let mut parts = list(permissions);
        let mut set = BTreeSet::new();
        while let Some(audience) = parts.next() {
            let definition = parts.next().unwrap_or_default();
            let audience = Audience::parse(audience)?;
            set.insert(Permission { audience, definition: PermissionName::parse(definition)? });
        }
        let (name, description) = (Name::parse(name)?, Description::parse(description)?);
        Ok(Self { id: RoleId::parse(id)?, name, description, permissions: set })
    }
}

impl MappingRule {
    /// # Errors
    /// When a column does not hold what it should.
    pub fn from_columns(
        id: &str,
        name: &str,
        claim_name: &str,
        operator: &str,
        claim_value: &str,
        kind: &str,
        issuer: Option<&str>,
    ) -> Result<Self, InvalidValue> {
        Ok(Self {
            id: MappingRuleId::parse(id)?,
            name: Name::parse(name)?,
            selector: ClaimSelector::stored(claim_name),
            operator: Operator::parse(operator).ok_or_else(|| unknown("operator", "EQUALS or CONTAINS"))?,
            value: ClaimValue::parse(claim_value)?,
            kind: RuleKind::parse(kind).ok_or_else(|| unknown("rule kind", "ANY, ROLE, TENANT or GROUP"))?,
            issuer: issuer.map(Issuer::parse).transpose()?,
        })
    }
}

impl Membership {
    /// # Errors
    /// When a column does not hold what it should, or the container has no members of that kind.
    pub fn from_columns(
        container_type: &str,
        container_id: &str,
        member_type: &str,
        member_id: &str,
    ) -> Result<Self, InvalidValue> {
        let container = Container::parse(container_type, container_id)?;
        Self::new(container, Party::parse(member_type, member_id)?)
            .map_err(|error| InvalidValue { what: "membership", rule: BrokenRule::Form("possible", error.to_string()) })
    }
}

impl Authorization {
    /// `permissions`: between [`SEPARATOR`]s.
    ///
    /// # Errors
    /// When a column does not hold what it should.
    pub fn from_columns(
        key: AuthorizationKey,
        (owner_type, owner_id): (&str, &str),
        resource_type: &str,
        (resource_match, resource_value): (&str, Option<&str>),
        permissions: Option<&str>,
        condition: Option<&str>,
    ) -> Result<Self, InvalidValue> {
        Ok(Self {
            key,
            owner: Party::parse(owner_type, owner_id)?,
            resource_type: ResourceTypeName::parse(resource_type)?,
            scope: Scope::parse(resource_match, resource_value)?,
            permissions: list(permissions).map(PermissionName::parse).collect::<Result<_, _>>()?,
            condition: condition.map(Condition::from_column).transpose()?,
        })
    }
}

/// What a column of JSON holds.
pub(super) fn json_column<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T, InvalidValue> {
    serde_json::from_str(text)
        .map_err(|error| InvalidValue { what, rule: BrokenRule::Form("readable json", error.to_string()) })
}

fn list(joined: Option<&str>) -> impl Iterator<Item = &str> {
    joined.into_iter().flat_map(|text| text.split(SEPARATOR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (kind, id) in [("USER", "u"), ("CLIENT", "c"), ("GROUP", "g"), ("ROLE", "r"), ("MAPPING_RULE", "m")] {
            let party = Party::parse(kind, id).unwrap();
            assert_eq!((party.kind_name(), party.id()), (kind, id));
        }
        for (kind, id) in [("GROUP", "g"), ("ROLE", "r"), ("TENANT", "t")] {
            let container = Container::parse(kind, id).unwrap();
            assert_eq!((container.kind_name(), container.id()), (kind, id));
        }
        for columns in [("ANY", None), ("ID", Some("i")), ("PROPERTY", Some("assignee"))] {
            let scope = Scope::parse(columns.0, columns.1).unwrap();
            assert_eq!((scope.match_name(), scope.match_value()), columns);
        }
        for columns in [("USER", Some("u")), ("CLIENT", Some("c")), ("ANONYMOUS", None), ("SYSTEM", None)] {
            let actor = Actor::parse(columns.0, columns.1).unwrap();
            assert_eq!((actor.kind_name(), actor.id()), columns);
        }
    }

    #[test]
    fn times_keep_their_order_and_their_microseconds() {
        let times = [
            datetime!(0001-01-01 00:00:00 UTC),
            datetime!(2026-03-01 00:59:59.999_999 +1),
            datetime!(2026-03-01 00:00:00 UTC),
            datetime!(2026-03-01 00:00:00.000_001 UTC),
            datetime!(9999-12-31 23:59:59.999_999 UTC),
        ];
        let texts = times.map(time_text);
        assert!(texts.is_sorted(), "{texts:?}");
        assert_eq!(texts.each_ref().map(|text| parse_time(text).unwrap()), times);
        assert_eq!(time_text(datetime!(2026-03-01 00:00:00.123_456_789 UTC)), "2026-03-01T00:00:00.123456Z");
        assert_eq!(time_text(datetime!(9999-12-31 23:59:59 -1)), "9999-12-31T23:59:59.999999Z");
        assert_eq!(time_text(datetime!(0001-01-01 00:00:00 +1)), "0001-01-01T00:00:00.000000Z");
        for other in ["2026-03-01T00:00:00Z", "0000-03-01T00:00:00.000000Z", "+2026-03-01T00:00:00.000000Z", ""] {
            assert_eq!(parse_time(other), None, "{other}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(Party::parse("user", "u").is_err());
        assert!(Container::parse("USER", "u").is_err());
        assert!(Principal::parse("GROUP", "g").is_err());
        assert!(Actor::parse("SYSTEM", Some("u")).is_err());
        assert!(Actor::parse("USER", None).is_err());
        assert!(Scope::parse("ANY", Some("*")).is_err());
        assert!(Scope::parse("ID", Some("*")).is_err());
        assert!(Scope::parse("ID", None).is_err());
        assert!(Membership::from_columns("GROUP", "a", "GROUP", "b").is_err());
        assert!(MappingRule::from_columns("m", "m", "a", "LIKE", "v", "ANY", None).is_err());
        assert!(Role::from_columns("r", "r", "", Some("audience without a definition")).is_err());
    }
}
