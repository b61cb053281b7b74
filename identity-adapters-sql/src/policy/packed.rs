//! Rows that the database has packed into one JSON text: an array with an array of values per row.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use time::OffsetDateTime;

use crate::row::{Row, RowError};

/// The rows of a page.
pub(super) struct Packed<'p> {
    columns: &'p [&'static str],
    rows: Vec<Vec<Cell<'p>>>,
}

impl<'p> Packed<'p> {
    /// Parses a page. Each row must have a value for each of the columns.
    pub(super) fn parse(text: &'p str, columns: &'p [&'static str]) -> Result<Self, String> {
        let rows: Vec<Vec<Cell<'p>>> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if rows.iter().any(|row| row.len() != columns.len()) {
            return Err("a row has a wrong number of columns".to_owned());
        }
        Ok(Self { columns, rows })
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = PackedRow<'_>> {
        self.rows.iter().map(|cells| PackedRow { columns: self.columns, cells })
    }

    /// The first `columns` values of the last row, as text. `None` without rows.
    pub(super) fn key_of_last(&self, columns: usize) -> Option<Vec<String>> {
        self.rows.last().map(|row| row.iter().take(columns).map(ToString::to_string).collect())
    }
}

/// A value of a row.
enum Cell<'p> {
    Null,
    Integer(i64),
    /// Borrowed from the page unless it contains an escape sequence.
    Text(Cow<'p, str>),
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Integer(integer) => integer.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl<'de: 'p, 'p> Deserialize<'de> for Cell<'p> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OfCell)
    }
}

struct OfCell;

impl<'de> Visitor<'de> for OfCell {
    type Value = Cell<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, an integer or a string")
    }

    fn visit_unit<E: Error>(self) -> Result<Cell<'de>, E> {
        Ok(Cell::Null)
    }

    fn visit_i64<E: Error>(self, integer: i64) -> Result<Cell<'de>, E> {
        Ok(Cell::Integer(integer))
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<Cell<'de>, E> {
        i64::try_from(integer).map(Cell::Integer).map_err(E::custom)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Cell<'de>, E> {
        Ok(Cell::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cell<'de>, E> {
        Ok(Cell::Text(Cow::Owned(text.to_owned())))
    }
}

/// A row of a page. It has no columns with bytes or times.
pub(super) struct PackedRow<'p> {
    columns: &'p [&'static str],
    cells: &'p [Cell<'p>],
}

impl PackedRow<'_> {
    fn cell(&self, column: &str) -> Result<&Cell<'_>, RowError> {
        let place = self.columns.iter().position(|name| *name == column);
        place.and_then(|place| self.cells.get(place)).ok_or_else(|| RowError(format!("no column {column}")))
    }
}

impl Row for PackedRow<'_> {
    fn optional_text(&self, column: &str) -> Result<Option<&str>, RowError> {
        match self.cell(column)? {
            Cell::Text(text) => Ok(Some(text)),
            Cell::Null => Ok(None),
            Cell::Integer(_) => Err(RowError(format!("{column} is an integer"))),
        }
    }

    fn optional_integer(&self, column: &str) -> Result<Option<i64>, RowError> {
        match self.cell(column)? {
            Cell::Integer(integer) => Ok(Some(*integer)),
            Cell::Null => Ok(None),
            Cell::Text(_) => Err(RowError(format!("{column} is a text"))),
        }
    }

    fn optional_bytes(&self, column: &str) -> Result<Option<&[u8]>, RowError> {
        Err(RowError(format!("no bytes in {column}")))
    }

    fn time(&self, column: &str) -> Result<OffsetDateTime, RowError> {
        Err(RowError(format!("no time in {column}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_nulls_integers_and_texts_with_escapes() {
        let columns = ["a", "b"];
        let text = r#"[[-7,"x\"\u001fy"],[null,"é"]]"#;
        let page = Packed::parse(text, &columns).unwrap();
        let rows: Vec<_> =
            page.rows().map(|row| (row.optional_integer("a").unwrap(), row.text("b").unwrap().to_owned())).collect();
        assert_eq!(rows, [(Some(-7), "x\"\u{1f}y".to_owned()), (None, "é".to_owned())]);
        assert_eq!(page.key_of_last(2).unwrap(), ["", "é"]);
        assert!(page.rows().all(|row| row.text("c").is_err() && row.text("a").is_err() && row.integer("b").is_err()));
    }

    #[test]
    fn rejects_rows_with_other_columns() {
        for text in ["[[1]]", "[[1,2,3]]", "[[1,[]]]", "[[1,1.5]]", "{}", ""] {
            assert!(Packed::parse(text, &["a", "b"]).is_err(), "{text}");
        }
    }
}
