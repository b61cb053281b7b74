use sqlx::migrate::Migrator;

/// The migrations of this server.
pub(crate) static MIGRATOR: Migrator = sqlx::migrate!("./migrations");
