use std::sync::LazyLock;

use identity_adapters_sql::migrator;
use sqlx::migrate::Migrator;

/// The schema migrations of this server, embedded in the program and sorted by version.
pub(crate) static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    migrator![
        "0001_stores",
        "0002_audit_search",
        "0003_sign_in",
        "0010_resource_types",
        "0011_directory_deletions",
        "0020_issuers",
        "0021_installation",
        "0040_familiar_sign_ins",
        "0050_format",
        "0060_last_sign_ins",
        "0061_audit_changes",
        "0062_applied_documents",
    ]
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_embedded() {
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap().count();
        assert_eq!(MIGRATOR.iter().count(), files);
    }
}
