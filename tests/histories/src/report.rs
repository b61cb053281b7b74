//! Statistics of a history.

use std::fmt;
use std::time::Duration;

use crate::checker::{Violation, longest, recoveries, staleness};
use crate::history::{Call, History, Outcome};

/// Displays the statistics of a history and its violations as a table.
pub struct Report<'h> {
    history: &'h History,
    violations: &'h [Violation],
}

impl<'h> Report<'h> {
    #[must_use]
    pub fn of(history: &'h History, violations: &'h [Violation]) -> Self {
        Self { history, violations }
    }

    fn count(&self, is_counted: impl Fn(&Outcome) -> bool) -> usize {
        self.history.operations.iter().filter(|operation| is_counted(&operation.outcome)).count()
    }

    /// Number of writes with an unknown outcome, and how many of them were committed.
    fn unknown(&self) -> (usize, usize) {
        let made: std::collections::BTreeSet<_> =
            self.history.log.iter().filter_map(|logged| logged.operation).collect();
        let is_unknown = |outcome: &Outcome| matches!(outcome, Outcome::Lost { .. } | Outcome::Unavailable { .. });
        let writes = self.history.operations.iter().filter(|operation| matches!(operation.call, Call::Write(_)));
        let unknown: Vec<_> = writes.filter(|operation| is_unknown(&operation.outcome)).collect();
        (unknown.len(), unknown.iter().filter(|operation| made.contains(&operation.id)).count())
    }
}

fn seconds(time: Duration) -> String {
    if time == Duration::MAX { "never".to_owned() } else { format!("{:.2} s", time.as_secs_f64()) }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: String| writeln!(formatter, "{name:<44} {value:>12}");
        row("answers checked", self.count(|outcome| matches!(outcome, Outcome::Answered { .. })).to_string())?;
        row("writes acknowledged", self.count(|outcome| matches!(outcome, Outcome::Acknowledged { .. })).to_string())?;
        row("writes refused", self.count(|outcome| matches!(outcome, Outcome::Refused { .. })).to_string())?;
        let (unknown, made) = self.unknown();
        row("writes without an answer", unknown.to_string())?;
        row("  of which were made", made.to_string())?;
        let (read, write) = longest(self.history);
        row("longest read", seconds(read))?;
        row("longest write", seconds(write))?;
        let stale = staleness(self.history);
        let greatest = |is_in_a_fault: bool| {
            let of_kind = stale.iter().filter(|staleness| staleness.is_in_a_fault == is_in_a_fault);
            of_kind.map(|staleness| staleness.age).max().unwrap_or_default()
        };
        row("greatest staleness, store within reach", seconds(greatest(false)))?;
        row("greatest staleness, store out of reach", seconds(greatest(true)))?;
        for (kind, (count, recovery)) in recoveries(self.history) {
            row(&format!("{kind:?}: times, longest recovery"), format!("{count}, {}", seconds(recovery)))?;
        }
        row("violations", self.violations.len().to_string())
    }
}
