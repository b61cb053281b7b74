//! Names as numbers: what the indexes of the world are made of.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use equivalent::Equivalent;

use super::Map;
use crate::entity::{Container, Party, PartyKind, Principal};
use crate::value::{ClientId, GroupId, MappingRuleId, RoleId, TenantId, Username};

/// The kinds of things that have members, are members or own something; and operators' resource types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Kind {
    User,
    Client,
    Group,
    Role,
    MappingRule,
    Tenant,
    ResourceType,
}

impl Kind {
    /// The kind that is listed after this one. Nothing has members of the last.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::User => Self::Client,
            Self::Client => Self::Group,
            Self::Group => Self::Role,
            Self::Role => Self::MappingRule,
            Self::MappingRule => Self::Tenant,
            Self::Tenant | Self::ResourceType => Self::ResourceType,
        }
    }

    /// The name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Client => "CLIENT",
            Self::Group => "GROUP",
            Self::Role => "ROLE",
            Self::MappingRule => "MAPPING_RULE",
            Self::Tenant => "TENANT",
            Self::ResourceType => "RESOURCE_TYPE",
        }
    }
}

impl From<PartyKind> for Kind {
    fn from(kind: PartyKind) -> Self {
        match kind {
            PartyKind::User => Self::User,
            PartyKind::Client => Self::Client,
            PartyKind::Group => Self::Group,
            PartyKind::Role => Self::Role,
            PartyKind::MappingRule => Self::MappingRule,
        }
    }
}

const KINDS: usize = 7;
const KIND_SHIFT: u32 = 29;
const INDEX_MASK: u32 = (1 << KIND_SHIFT) - 1;

/// A party or container of this world and its descendants: the kind in the top bits, an index below. Never reused. Means the same in two worlds when the names of one continue the other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sym(u32);

impl Sym {
    pub(crate) const MIN: Self = Self(0);
    pub(crate) const MAX: Self = Self(u32::MAX);

    fn new(kind: Kind, index: usize) -> Option<Self> {
        let index = u32::try_from(index).ok().filter(|index| *index < INDEX_MASK)?;
        Some(Self(((kind as u32) << KIND_SHIFT) | index))
    }

    pub(crate) fn kind(self) -> Kind {
        match self.0 >> KIND_SHIFT {
            0 => Kind::User,
            1 => Kind::Client,
            2 => Kind::Group,
            3 => Kind::Role,
            4 => Kind::MappingRule,
            5 => Kind::Tenant,
            _ => Kind::ResourceType,
        }
    }

    /// A well-mixed bit position in 0..256, for the filter of [`Owners`](crate::resolve::Owners).
    pub(crate) fn bit(self) -> u8 {
        (self.0.wrapping_mul(0x9E37_79B1) >> 24) as u8
    }

    pub(super) fn index(self) -> usize {
        (self.0 & INDEX_MASK) as usize
    }
}

type Key = (Kind, Arc<str>);

struct Query<'q>(Kind, &'q str);

impl Hash for Query<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
        self.1.hash(state);
    }
}

impl Equivalent<Key> for Query<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.0 == key.0 && self.1 == &*key.1
    }
}

/// All names that this line of worlds has ever stored. It only grows, with what was written, never with what was asked.
#[derive(Clone, Default)]
pub(crate) struct Names {
    symbols: Map<Key, Sym>,
    texts: [imbl::Vector<Arc<str>>; KINDS],
    /// After each name, a digest of all names so far and their order.
    history: imbl::Vector<u64>,
}

impl Names {
    pub(crate) fn get(&self, kind: Kind, id: &str) -> Option<Sym> {
        self.symbols.get(&Query(kind, id)).copied()
    }

    /// The symbol of a name, new if need be. `None` after half a billion names of one kind.
    pub(crate) fn intern(&mut self, kind: Kind, id: &Arc<str>) -> Option<Sym> {
        if let Some(known) = self.get(kind, id) {
            return Some(known);
        }
        let texts = self.texts.get_mut(kind as usize)?;
        let symbol = Sym::new(kind, texts.len())?;
        texts.push_back(Arc::clone(id));
        let mut digest = DefaultHasher::new();
        (self.history.last(), kind, id).hash(&mut digest);
        self.history.push_back(digest.finish());
        self.symbols.insert((kind, Arc::clone(id)), symbol);
        Some(symbol)
    }

    /// Whether these names are `earlier` and perhaps more, so that symbols mean the same in both.
    pub(crate) fn continue_from(&self, earlier: &Self) -> bool {
        match earlier.history.len().checked_sub(1) {
            None => true,
            Some(last) => self.history.get(last) == earlier.history.last(),
        }
    }

    pub(crate) fn text(&self, symbol: Sym) -> Option<&Arc<str>> {
        self.texts.get(symbol.kind() as usize)?.get(symbol.index())
    }

    /// The names of some kinds.
    pub(crate) fn of_kinds(&self, kinds: &[Kind]) -> impl Iterator<Item = (Sym, &str)> {
        kinds.iter().filter_map(|kind| Some((*kind, self.texts.get(*kind as usize)?))).flat_map(|(kind, texts)| {
            let symbols = texts.iter().enumerate();
            symbols.filter_map(move |(index, text)| Some((Sym::new(kind, index)?, &**text)))
        })
    }

    pub(crate) fn party(&self, symbol: Sym) -> Option<Party> {
        let text = self.text(symbol)?;
        Some(match symbol.kind() {
            Kind::User => Party::User(Username::from_shared(text)),
            Kind::Client => Party::Client(ClientId::from_shared(text)),
            Kind::Group => Party::Group(GroupId::from_shared(text)),
            Kind::Role => Party::Role(RoleId::from_shared(text)),
            Kind::MappingRule => Party::MappingRule(MappingRuleId::from_shared(text)),
            Kind::Tenant | Kind::ResourceType => return None,
        })
    }

    pub(crate) fn container(&self, symbol: Sym) -> Option<Container> {
        let text = self.text(symbol)?;
        match symbol.kind() {
            Kind::Group => Some(Container::Group(GroupId::from_shared(text))),
            Kind::Role => Some(Container::Role(RoleId::from_shared(text))),
            Kind::Tenant => Some(Container::Tenant(TenantId::from_shared(text))),
            Kind::User | Kind::Client | Kind::MappingRule | Kind::ResourceType => None,
        }
    }

    pub(crate) fn of_party(&self, party: &Party) -> Option<Sym> {
        self.get(party.symbol_kind(), party.id())
    }

    pub(crate) fn of_container(&self, container: &Container) -> Option<Sym> {
        self.get(container.symbol_kind(), container.id())
    }

    pub(crate) fn of_principal(&self, principal: &Principal) -> Option<Sym> {
        match principal {
            Principal::User(id) => self.get(Kind::User, id.as_str()),
            Principal::Client(id) => self.get(Kind::Client, id.as_str()),
        }
    }

    pub(crate) fn intern_party(&mut self, party: &Party) -> Option<Sym> {
        self.intern(party.symbol_kind(), &party.shared_id())
    }

    pub(crate) fn intern_container(&mut self, container: &Container) -> Option<Sym> {
        self.intern(container.symbol_kind(), &container.shared_id())
    }
}

impl Party {
    fn symbol_kind(&self) -> Kind {
        self.party_kind().into()
    }

    fn shared_id(&self) -> Arc<str> {
        match self {
            Self::User(id) => id.shared(),
            Self::Client(id) => id.shared(),
            Self::Group(id) => id.shared(),
            Self::Role(id) => id.shared(),
            Self::MappingRule(id) => id.shared(),
        }
    }
}

impl Container {
    pub(crate) fn symbol_kind(&self) -> Kind {
        match self {
            Self::Group(_) => Kind::Group,
            Self::Role(_) => Kind::Role,
            Self::Tenant(_) => Kind::Tenant,
        }
    }

    fn shared_id(&self) -> Arc<str> {
        match self {
            Self::Group(id) => id.shared(),
            Self::Role(id) => id.shared(),
            Self::Tenant(id) => id.shared(),
        }
    }
}
