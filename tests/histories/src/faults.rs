//! Fault injection and recovery.

use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::cluster::{Cluster, Store, WITH_A_CLOCK};

/// Kind of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Kill a replica (`SIGKILL`) and restart it.
    Kill,
    /// Suspend a replica (`SIGSTOP`) and resume it.
    Pause,
    /// Close the connections between a replica and PostgreSQL, including new ones.
    Cut,
    /// Drop all traffic between a replica and PostgreSQL without closing connections.
    HalfOpen,
    /// Delay all traffic between a replica and PostgreSQL.
    Slow,
    /// Close the connections on which replicas listen for change notifications.
    ListenLost,
    /// Kill the primary (`SIGKILL`) and restart it.
    PostgresKill,
    /// Promote the standby to primary, and turn the primary into its standby.
    SwitchOver,
    /// Fill the file system of the SQLite file.
    DiskFull,
    /// Set the wall clock of a replica one hour ahead.
    ClockForth,
    /// Set the wall clock of a replica one hour back.
    ClockBack,
}

/// Delay of a slow connection in each direction.
const LATE: Duration = Duration::from_millis(100);
const HOUR: i64 = 3600;

/// A fault and its replica; `None` if the kind is not specific to one replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub kind: FaultKind,
    pub replica: Option<usize>,
}

impl FaultKind {
    /// Whether the fault is injected into one selected replica.
    #[must_use]
    pub fn is_of_a_replica(self) -> bool {
        matches!(self, Self::Kill | Self::Pause | Self::Cut | Self::HalfOpen | Self::Slow)
    }

    /// Whether the fault prevents or delays a replica's queries to the store.
    #[must_use]
    pub fn hides_the_store(self) -> bool {
        matches!(self, Self::Cut | Self::HalfOpen | Self::Slow | Self::PostgresKill | Self::SwitchOver)
    }

    /// Minimum duration for the fault to have an effect.
    #[must_use]
    pub fn least_time(self) -> Duration {
        Duration::from_millis(match self {
            Self::Kill | Self::PostgresKill => 500,
            Self::SwitchOver => 0,
            Self::Cut | Self::Slow | Self::ListenLost | Self::DiskFull | Self::ClockForth | Self::ClockBack => 2000,
            Self::Pause | Self::HalfOpen => 4000,
        })
    }

    /// Whether the fault can be injected into the cluster.
    #[must_use]
    pub fn fits(self, cluster: &Cluster) -> bool {
        match self {
            Self::Kill | Self::Pause => true,
            Self::DiskFull => matches!(cluster.store, Store::Sqlite(_)),
            Self::ClockForth | Self::ClockBack => cluster.clock.is_some(),
            Self::Cut | Self::HalfOpen | Self::Slow | Self::ListenLost | Self::PostgresKill | Self::SwitchOver => {
                matches!(cluster.store, Store::Postgres(_))
            }
        }
    }
}

impl Fault {
    /// Whether the fault affects the replica.
    #[must_use]
    pub fn affects(&self, replica: usize) -> bool {
        match self.kind {
            FaultKind::ClockForth | FaultKind::ClockBack => replica == WITH_A_CLOCK,
            _ => self.replica.is_none_or(|affected| affected == replica),
        }
    }

    /// Injects the fault.
    pub async fn inject(&self, cluster: &Cluster) {
        let replica = || &cluster.replicas[self.replica.expect("a fault of a replica")];
        match (self.kind, &cluster.store) {
            (FaultKind::Kill, _) => replica().kill().await,
            (FaultKind::Pause, _) => replica().suspend().await,
            (FaultKind::Cut, _) => replica().way().cut_off(),
            (FaultKind::HalfOpen, _) => replica().way().be_silent(),
            (FaultKind::Slow, _) => replica().way().slow_down(LATE),
            (FaultKind::ListenLost, Store::Postgres(databases)) => {
                let primary = databases.lock().await.primary();
                // Fails without harm if another fault has stopped the database: no connections are left.
                _ = end_listening(&primary).await;
            }
            (FaultKind::PostgresKill, Store::Postgres(databases)) => databases.lock().await.kill_primary(),
            (FaultKind::SwitchOver, Store::Postgres(databases)) => {
                let mut databases = databases.lock().await;
                databases.switch_over().await;
                for replica in &cluster.replicas {
                    replica.way().redirect(databases.primary());
                }
            }
            (FaultKind::DiskFull, Store::Sqlite(disk)) => disk.fill(),
            (FaultKind::ClockForth, _) => set_clock(cluster, HOUR),
            (FaultKind::ClockBack, _) => set_clock(cluster, -HOUR),
            (kind, _) => panic!("{kind:?} does not fit the store"),
        }
    }

    /// Ends the fault.
    pub async fn heal(&self, cluster: &Cluster) {
        let replica = || &cluster.replicas[self.replica.expect("a fault of a replica")];
        match (self.kind, &cluster.store) {
            (FaultKind::Kill, _) => replica().restart().await,
            (FaultKind::Pause, _) => replica().resume().await,
            (FaultKind::Cut | FaultKind::HalfOpen | FaultKind::Slow, _) => replica().way().open(),
            (FaultKind::PostgresKill, Store::Postgres(databases)) => databases.lock().await.restart_primary().await,
            (FaultKind::DiskFull, Store::Sqlite(disk)) => disk.make_room(),
            (FaultKind::ClockForth | FaultKind::ClockBack, _) => set_clock(cluster, 0),
            _ => {}
        }
    }
}

fn set_clock(cluster: &Cluster, offset: i64) {
    cluster.clock.as_ref().expect("a clock").set(offset);
}

async fn end_listening(primary: &str) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect(&format!("postgres://postgres@{primary}/postgres")).await?;
    let listening = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'";
    connection.execute(listening).await?;
    Ok(())
}
