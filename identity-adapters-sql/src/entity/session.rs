use identity_core::entity::{LastSignIn, Principal, Session, SessionIdHash};
use identity_core::port::FamiliarPair;
use time::OffsetDateTime;

use super::Stored;
use crate::row::{Row, RowError};
use crate::table::Table;

impl Stored for Session {
    const TABLE: Table = Table {
        name: "sessions",
        key: &["id"],
        columns: &[
            "principal_type",
            "principal_id",
            "issuer",
            "subject",
            "provider_session",
            "credential",
            "user_agent",
            "created_at",
            "last_active_at",
            "expires_at",
            "sealed",
            "version",
        ],
    };

    fn from_row(row: &dyn Row) -> Result<Self, RowError> {
        let optional = |column: &str| Ok::<_, RowError>(row.optional_text(column)?.map(str::to_owned));
        Ok(Self {
            id: SessionIdHash(bytes(row, "id")?),
            principal: Principal::parse(row.text("principal_type")?, row.text("principal_id")?)?,
            issuer: optional("issuer")?,
            subject: optional("subject")?,
            provider_session: optional("provider_session")?,
            credential: row.optional_bytes("credential")?.map(|_| bytes(row, "credential")).transpose()?,
            user_agent: optional("user_agent")?,
            created_at: row.time("created_at")?,
            last_active_at: row.time("last_active_at")?,
            expires_at: row.time("expires_at")?,
            sealed: row.optional_bytes("sealed")?.unwrap_or_default().to_owned(),
            version: row.integer("version")?.cast_unsigned(),
        })
    }
}

/// Pair of a user and a client address from which the user signed in. The time is the end of the period in which the
/// address counts as familiar.
#[derive(Clone, Copy, Debug)]
pub struct FamiliarSignIn(pub FamiliarPair, pub OffsetDateTime);

impl Stored for FamiliarSignIn {
    const TABLE: Table = Table { name: "familiar_sign_ins", key: &["pair"], columns: &["expires_at"] };

    fn from_row(row: &dyn Row) -> Result<Self, RowError> {
        Ok(Self(bytes(row, "pair")?, row.time("expires_at")?))
    }
}

impl Stored for LastSignIn {
    const TABLE: Table = Table {
        name: "last_sign_ins",
        key: &["principal_type", "principal_id"],
        columns: &["signed_in_at", "expires_at", "sealed"],
    };

    fn from_row(row: &dyn Row) -> Result<Self, RowError> {
        Ok(Self {
            principal: Principal::parse(row.text("principal_type")?, row.text("principal_id")?)?,
            at: row.time("signed_in_at")?,
            expires_at: row.time("expires_at")?,
            sealed: row.optional_bytes("sealed")?.unwrap_or_default().to_owned(),
        })
    }
}

fn bytes<const N: usize>(row: &dyn Row, column: &str) -> Result<[u8; N], RowError> {
    let bytes = row.optional_bytes(column)?.unwrap_or_default();
    bytes.try_into().map_err(|_| RowError(format!("{column} is not {N} bytes")))
}
