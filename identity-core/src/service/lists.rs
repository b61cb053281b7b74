//! Lists of stored entities, members and authorizations, whose items are read on demand.

use std::ops::Range;
use std::sync::Arc;

use super::ListRequest;
use crate::entity::{AuditEntity, Container, Group, MappingRule, Party, PartyKind, Role, Tenant};
use crate::search::{List, Listing, PageRequest, SearchText};
use crate::world::World;

/// Kind of entity that the world keeps in an index in list order.
pub(super) trait Listed: Clone + Send + 'static {
    /// Returns all entities in list order. Skipping any number of entities costs no more than reading one.
    fn all(world: &World) -> impl ExactSizeIterator<Item = &Self>;

    /// Returns the texts that a search is matched against.
    fn texts(&self) -> Vec<&str>;
}

macro_rules! listed {
    ($($entity:ty: $all:ident, |$one:ident| $($text:expr),+;)+) => {
        $(impl Listed for $entity {
            fn all(world: &World) -> impl ExactSizeIterator<Item = &Self> {
                world.$all()
            }

            fn texts(&self) -> Vec<&str> {
                let $one = self;
                vec![$($text.as_str()),+]
            }
        })+
    };
}

listed! {
    Group: groups, |group| group.id, group.name, group.description;
    Role: roles, |role| role.id, role.name, role.description;
    Tenant: tenants, |tenant| tenant.id, tenant.name, tenant.description;
    MappingRule: mapping_rules, |rule| rule.id, rule.name, rule.selector, rule.value;
}

/// Lists the entities of a kind, converted by `show`. Omits those at the index positions `without`, in ascending order.
pub(super) fn entities<E: Listed, T: Send + 'static>(
    world: &Arc<World>,
    ListRequest { search, page }: &ListRequest,
    without: Vec<usize>,
    show: fn(&World, &E) -> T,
) -> List<T> {
    let page = *page;
    let Some(sought) = search.as_deref().map(SearchText::new) else {
        let total = E::all(world).len() - without.len();
        let of_page = page.positions(total);
        // Page positions do not count the omitted entities, so map them to positions in the index.
        let place = |position: usize| without.iter().fold(position, |place, out| place + usize::from(*out <= place));
        let positions = place(of_page.start)..place(of_page.end);
        return List::at(world, positions, Some(total), move |world, some| {
            let all = E::all(world).enumerate().skip(some.start).take(some.len());
            all.filter(|(place, _)| !without.contains(place)).map(|(_, one)| show(world, one)).collect()
        });
    };
    let world = Arc::clone(world);
    List::scan(move |budget| {
        let all = E::all(&world).enumerate().filter(|(place, _)| !without.contains(place)).map(|(_, one)| one);
        page.cut(all.filter(|one| sought.is_in(one.texts(), budget))).map(|one| show(&world, one))
    })
}

/// Lists the direct members of one kind in a container, by ID, each with its display name. A search matches any part of
/// either, ignoring case.
pub(super) fn named_members(
    world: &Arc<World>,
    container: Container,
    kind: PartyKind,
    ListRequest { search, page }: &ListRequest,
) -> List<(Party, String)> {
    let page = *page;
    let Some(sought) = search.as_deref().map(SearchText::new) else {
        return members(world, container, kind, Some(page), named);
    };
    let world = Arc::clone(world);
    List::scan(move |budget| {
        let all = world.members_of_kind(&container, kind).map(|member| named(&world, member));
        page.cut(all.filter(|(member, name)| sought.is_in([member.id(), name], budget)))
    })
}

/// Returns a party with its stored display name. Without one, as for clients, the ID is the name.
pub(super) fn named(world: &World, party: Party) -> (Party, String) {
    let name = world.display_name(AuditEntity::from(&party).kind, party.id()).unwrap_or(party.id()).to_owned();
    (party, name)
}

/// Lists the direct members of one kind in a container, by ID. The total is reported only if a page is requested.
pub(super) fn members<T: Send + 'static>(
    world: &Arc<World>,
    container: Container,
    kind: PartyKind,
    page: Option<PageRequest>,
    show: fn(&World, Party) -> T,
) -> List<T> {
    let count = world.members_of_kind(&container, kind).len();
    let positions = page.map_or(0..count, |page| page.positions(count));
    List::at(world, positions, page.map(|_| count), move |world, Range { start, end }| {
        let members = world.members_of_kind(&container, kind).skip(start).take(end - start);
        members.map(|member| show(world, member)).collect()
    })
}

/// Lists the roles that are directly assigned to a party.
pub(super) fn roles(world: &Arc<World>, party: Party) -> List<Role> {
    let world = Arc::clone(world);
    List::scan(move |budget| {
        let containers = world.memberships(&party).take_while(|_| budget.take(1));
        let role = |container| match container {
            Container::Role(role) => world.role(role.as_str()).cloned(),
            Container::Group(_) | Container::Tenant(_) => None,
        };
        Listing { items: containers.filter_map(role).collect(), total: None }
    })
}

/// Lists the authorizations that a party owns itself, oldest first.
pub(super) fn owned(world: &Arc<World>, owner: Party) -> List<crate::entity::Authorization> {
    let positions = 0..world.owned_count(&owner);
    List::at(world, positions, None, move |world, some| world.owned_at(&owner, some))
}
