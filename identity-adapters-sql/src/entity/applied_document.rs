use identity_core::port::AppliedDocument;
use identity_core::value::{DocumentName, Revision};

use super::Stored;
use crate::row::{Row, RowError};
use crate::table::Table;

impl Stored for AppliedDocument {
    const TABLE: Table =
        Table { name: "applied_documents", key: &["name"], columns: &["revision", "applied_at", "source", "document"] };

    fn from_row(row: &dyn Row) -> Result<Self, RowError> {
        Ok(Self {
            name: DocumentName::parse(row.text("name")?)?,
            revision: Revision(row.integer("revision")?.cast_unsigned()),
            at: row.time("applied_at")?,
            source: row.optional_text("source")?.map(str::to_owned),
            document: row.text("document")?.to_owned(),
        })
    }
}
