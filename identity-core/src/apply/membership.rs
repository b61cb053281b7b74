use super::{Draft, Refusal, thing};
use crate::entity::{AuditEntity, Container, EntityKind, Membership, Party, RuleKind};
use crate::world::{Change, Sources};

impl Draft {
    pub(super) fn add_member(&mut self, membership: &Membership) -> Result<(), Refusal> {
        self.existing_container(membership.container())?;
        self.existing_party(membership.member())?;
        if let Party::MappingRule(id) = membership.member() {
            let kind = self.existing_rule(id)?.kind;
            let fits = match membership.container() {
                Container::Group(_) => matches!(kind, RuleKind::Any | RuleKind::Group),
                Container::Role(_) => matches!(kind, RuleKind::Any | RuleKind::Role),
                Container::Tenant(_) => matches!(kind, RuleKind::Any | RuleKind::Tenant),
            };
            if !fits {
                return Err(Refusal::RuleKind(thing(EntityKind::MappingRule, id)));
            }
        }
        if self.world.is_member(membership.container(), membership.member()) {
            return Err(Refusal::AlreadyMember(membership.clone()));
        }
        self.record(Change::MemberAdded(membership.clone()))
    }

    pub(super) fn remove_member(&mut self, membership: &Membership) -> Result<(), Refusal> {
        self.existing_container(membership.container())?;
        if !self.world.is_member(membership.container(), membership.member()) {
            return Err(Refusal::NotMember(membership.clone()));
        }
        self.record(Change::MemberRemoved(membership.clone()))
    }

    fn existing_container(&self, container: &Container) -> Result<(), Refusal> {
        let exists = match container {
            Container::Group(id) => self.world.group(id.as_str()).is_some(),
            Container::Role(id) => self.world.role(id.as_str()).is_some(),
            Container::Tenant(id) => self.world.tenant(id.as_str()).is_some(),
        };
        if exists { Ok(()) } else { Err(Refusal::Missing(AuditEntity::from(container))) }
    }

    /// Checks that a party exists. Users are checked if they are stored, groups unless tokens claim them, roles and
    /// mapping rules always, and clients never (docs/reference/orchestration-cluster.md §2.3, §8.5).
    pub(super) fn existing_party(&self, party: &Party) -> Result<(), Refusal> {
        let exists = match party {
            Party::User(id) => self.world.sources() != Sources::BuiltIn || self.world.user(id.as_str()).is_some(),
            Party::Client(_) => true,
            Party::Group(id) => {
                self.world.sources() == Sources::Provider { groups_claimed: true }
                    || self.world.group(id.as_str()).is_some()
            }
            Party::Role(id) => self.world.role(id.as_str()).is_some(),
            Party::MappingRule(id) => self.world.mapping_rule(id.as_str()).is_some(),
        };
        if exists { Ok(()) } else { Err(Refusal::Missing(AuditEntity::from(party))) }
    }
}
