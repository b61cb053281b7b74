use std::fmt;

/// Right that makes its holder an administrator. Lock-out protection ensures that each right keeps a holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminPower {
    /// The permission `write` of this service's API, which allows every change over `/api`.
    WriteApi,
    /// The authorization to create authorizations, which allows granting all others.
    Authorize,
}

impl AdminPower {
    /// Both administrative powers.
    pub const ALL: [Self; 2] = [Self::WriteApi, Self::Authorize];

    /// Returns the stable name of the power.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WriteApi => "write_api",
            Self::Authorize => "authorize",
        }
    }
}

impl fmt::Display for AdminPower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WriteApi => "administer through the management API",
            Self::Authorize => "grant authorizations",
        })
    }
}
