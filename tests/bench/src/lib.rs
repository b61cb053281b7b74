//! What the benchmarks share: how to measure, random policies, and the floors to compare with (docs/performance.md).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "benchmarks, and what they compare with"
)]

pub mod driver;
pub mod floor;
pub mod http;
pub mod measure;
pub mod policies;
pub mod random;
