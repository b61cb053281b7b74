//! Shared support for the benchmarks: measurement, random policies, and the floors for comparison
//! (`docs/performance.md`).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "benchmarks, and what they compare with"
)]

pub mod cpu;
pub mod driver;
pub mod floor;
pub mod http;
pub mod measure;
pub mod policies;
pub mod provider;
pub mod report;
