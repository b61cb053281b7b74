//! CSV (RFC 4180) for spreadsheet programs.

use std::borrow::Cow;

/// Content type of CSV with a header line.
pub(crate) const CSV: &str = "text/csv; charset=utf-8; header=present";

/// Writes rows as CSV, after a header line if `columns` are given. All cells of the rows are quoted.
pub(crate) fn rows<'a, const N: usize>(
    columns: Option<&[&str; N]>,
    rows: impl IntoIterator<Item = [Cow<'a, str>; N]>,
) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let (quoted, ends) = (csv::QuoteStyle::Always, csv::Terminator::CRLF);
    let header = columns.map_or_else(Vec::new, |columns| (columns.join(",") + "\r\n").into_bytes());
    let mut writer = csv::WriterBuilder::new().quote_style(quoted).terminator(ends).from_writer(header);
    for row in rows {
        writer.write_record(row.map(inert).iter().map(|cell| cell.as_bytes()))?;
    }
    Ok(writer.into_inner()?)
}

/// Prefixes text that a spreadsheet would evaluate as a formula with `'`.
fn inert(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}").into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_cells_and_disarms_formulas() {
        let text = |columns, cell: &str| {
            String::from_utf8(rows(columns, [[cell.into(), Cow::from("READ")]]).unwrap()).unwrap()
        };
        let expected = "partyId,permissions\r\n\"a,\"\"b\"\"\n\",\"READ\"\r\n";
        assert_eq!(text(Some(&["partyId", "permissions"]), "a,\"b\"\n"), expected);
        for cell in ["=1+1", "+1", "-1", "@x", "\tx", "\rx"] {
            assert_eq!(text(None, cell), format!("\"'{cell}\",\"READ\"\r\n"));
        }
    }
}
