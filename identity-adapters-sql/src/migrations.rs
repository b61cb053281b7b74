//! Schema migrations that are embedded in the program.
//!
//! `sqlx::migrate!` does the same, but compiles the drivers of both databases a second time, for the macro.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Embeds the files `migrations/<version>_<description>.sql` of the calling crate. The arguments are the file names
/// without `.sql`, in order.
#[macro_export]
macro_rules! migrator {
    ($($name:literal),+ $(,)?) => {
        $crate::migrator_of([
            $(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $name, ".sql")))),+
        ])
    };
}

/// Creates a migrator from the names and contents of migration files. Use [`migrator!`].
#[doc(hidden)]
#[must_use]
pub fn migrator_of<const N: usize>(files: [(&'static str, &'static str); N]) -> Migrator {
    let migration = |(name, sql): (&'static str, &'static str)| {
        let (version, description) = name.split_once('_')?;
        let description = description.replace('_', " ").into();
        Some(Migration::new(version.parse().ok()?, description, MigrationType::Simple, sql.into_sql_str(), false))
    };
    Migrator::with_migrations(files.into_iter().filter_map(migration).collect())
}
