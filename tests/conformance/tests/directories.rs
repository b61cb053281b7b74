//! The contract of the directory ports, on the in-memory directories.

use std::sync::Arc;

use identity_conformance::directories::{Directory, FOREIGN};
use identity_conformance::directory_suite;
use identity_core::fake::MemoryDirectory;

async fn fresh() -> Option<Arc<dyn Directory>> {
    let directory = MemoryDirectory::default();
    directory.add_foreign_client(FOREIGN);
    Some(Arc::new(directory))
}

directory_suite!(fresh);
