//! Interned names. The indexes of the world refer to entities by 32-bit numbers instead of strings.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use equivalent::Equivalent;

use super::Map;
use crate::entity::{Container, Party, PartyKind, Principal};
use crate::value::{ClientId, GroupId, MappingRuleId, RoleId, TenantId, Username};

/// Kinds of entities that have an interned name: parties, containers and custom resource types.
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
    /// Returns the name of the kind in the HTTP APIs, such as `MAPPING_RULE`.
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

/// The interned name of a party, container or custom resource type. The top three bits contain the kind, the other bits
/// an index within the kind. Symbols are never reused.
///
/// A symbol is valid in the world that created it and in all worlds derived from that one. For two other worlds,
/// [`Names::continue_from`] returns whether symbols have the same meaning in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Symbol(u32);

impl Symbol {
    pub(crate) const MIN: Self = Self(0);

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

    /// Hashes the symbol to a bit position in 0..256, for the filter of [`Owners`](super::Owners).
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

/// The symbol table: all names that were stored in this world or in a world from which it was derived. Only writes add
/// names; queries never do.
#[derive(Clone, Default)]
pub(crate) struct Names {
    symbols: Map<Key, Symbol>,
    texts: [imbl::Vector<Arc<str>>; KINDS],
    /// For each name, in the order of creation, a hash over this name and all earlier ones. Two tables with the same
    /// hash at one position have the same names up to it.
    history: imbl::Vector<u64>,
}

impl Names {
    pub(crate) fn get(&self, kind: Kind, id: &str) -> Option<Symbol> {
        self.symbols.get(&Query(kind, id)).copied()
    }

    /// Returns the symbol of a name, and creates it if necessary. `None` after half a billion names of one kind.
    pub(crate) fn intern(&mut self, kind: Kind, id: &Arc<str>) -> Option<Symbol> {
        if let Some(known) = self.get(kind, id) {
            return Some(known);
        }
        let texts = self.texts.get_mut(kind as usize)?;
        let symbol = Symbol::new(kind, texts.len())?;
        texts.push_back(Arc::clone(id));
        let mut digest = DefaultHasher::new();
        (self.history.last(), kind, id).hash(&mut digest);
        self.history.push_back(digest.finish());
        self.symbols.insert((kind, Arc::clone(id)), symbol);
        Some(symbol)
    }

    /// Returns whether these names equal or extend `earlier`, so that symbols have the same meaning in both.
    pub(crate) fn continue_from(&self, earlier: &Self) -> bool {
        match earlier.history.len().checked_sub(1) {
            None => true,
            Some(last) => self.history.get(last) == earlier.history.last(),
        }
    }

    pub(crate) fn text(&self, symbol: Symbol) -> Option<&Arc<str>> {
        self.texts.get(symbol.kind() as usize)?.get(symbol.index())
    }

    /// Returns all interned names of these kinds, with their symbols.
    pub(crate) fn of_kinds(&self, kinds: &[Kind]) -> impl Iterator<Item = (Symbol, &str)> {
        kinds.iter().filter_map(|kind| Some((*kind, self.texts.get(*kind as usize)?))).flat_map(|(kind, texts)| {
            let symbols = texts.iter().enumerate();
            symbols.filter_map(move |(index, text)| Some((Symbol::new(kind, index)?, &**text)))
        })
    }

    pub(crate) fn party(&self, symbol: Symbol) -> Option<Party> {
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

    pub(crate) fn container(&self, symbol: Symbol) -> Option<Container> {
        let text = self.text(symbol)?;
        match symbol.kind() {
            Kind::Group => Some(Container::Group(GroupId::from_shared(text))),
            Kind::Role => Some(Container::Role(RoleId::from_shared(text))),
            Kind::Tenant => Some(Container::Tenant(TenantId::from_shared(text))),
            Kind::User | Kind::Client | Kind::MappingRule | Kind::ResourceType => None,
        }
    }

    pub(crate) fn of_party(&self, party: &Party) -> Option<Symbol> {
        self.get(party.symbol_kind(), party.id())
    }

    pub(crate) fn of_container(&self, container: &Container) -> Option<Symbol> {
        self.get(container.symbol_kind(), container.id())
    }

    pub(crate) fn of_principal(&self, principal: &Principal) -> Option<Symbol> {
        match principal {
            Principal::User(id) => self.get(Kind::User, id.as_str()),
            Principal::Client(id) => self.get(Kind::Client, id.as_str()),
        }
    }

    pub(crate) fn intern_party(&mut self, party: &Party) -> Option<Symbol> {
        self.intern(party.symbol_kind(), &party.shared_id())
    }

    pub(crate) fn intern_container(&mut self, container: &Container) -> Option<Symbol> {
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
