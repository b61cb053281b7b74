//! Random sequence of faults, determined by a seed.

use std::time::Duration;

use identity_testkit::random::Random;

use crate::faults::{Fault, FaultKind};

/// Faults that are injected at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub faults: Vec<Fault>,
    pub lasts: Duration,
}

/// Number and duration of the faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// One fault at a time, for the minimum duration that has an effect.
    Brief,
    /// Occasionally two faults at a time, for up to five times the minimum duration.
    Thorough,
}

/// Iterator over faults. It deals each kind once in random order, then starts over.
pub struct Plan {
    random: Random,
    kinds: Vec<FaultKind>,
    dealt: Vec<FaultKind>,
    replicas: usize,
    severity: Severity,
}

impl Plan {
    /// Creates the plan of a seed.
    #[must_use]
    pub fn of(seed: u64, kinds: &[FaultKind], replicas: usize, severity: Severity) -> Self {
        Self { random: Random::seeded(seed), kinds: kinds.to_vec(), dealt: Vec::new(), replicas, severity }
    }

    fn deal(&mut self) -> FaultKind {
        if self.dealt.is_empty() {
            self.dealt.clone_from(&self.kinds);
        }
        let next = self.random.below(self.dealt.len());
        self.dealt.swap_remove(next)
    }

    fn fault(&mut self, kind: FaultKind) -> Fault {
        Fault { kind, replica: kind.is_of_a_replica().then(|| self.random.below(self.replicas)) }
    }
}

impl Iterator for Plan {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let kind = self.deal();
        let mut faults = vec![self.fault(kind)];
        let mut lasts = kind.least_time();
        if self.severity == Severity::Thorough {
            if self.random.chance(300) {
                let other = *self.random.pick(&self.kinds);
                if can_coincide(kind, other) {
                    faults.push(self.fault(other));
                    lasts = lasts.max(other.least_time());
                }
            }
            lasts += lasts.mul_f64(0.004 * self.random.below(1000) as f64);
        }
        Some(Step { faults, lasts })
    }
}

/// Two faults that affect the same connections, database or clock exclude each other: a killed database cannot be
/// switched over, and a clock has one time.
fn can_coincide(one: FaultKind, other: FaultKind) -> bool {
    let group = |kind| match kind {
        FaultKind::PostgresKill | FaultKind::SwitchOver => Some(0),
        FaultKind::ClockForth | FaultKind::ClockBack => Some(1),
        FaultKind::Cut | FaultKind::HalfOpen | FaultKind::Slow => Some(2),
        _ => None,
    };
    one != other && (group(one).is_none() || group(one) != group(other))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const KINDS: [FaultKind; 4] = [FaultKind::Kill, FaultKind::Pause, FaultKind::SwitchOver, FaultKind::PostgresKill];

    #[test]
    fn a_seed_determines_it() {
        let steps = |seed| Plan::of(seed, &KINDS, 3, Severity::Thorough).take(50).collect::<Vec<_>>();
        assert_eq!(steps(1), steps(1));
        assert_ne!(steps(1), steps(2));
        assert!(steps(1).iter().any(|step| step.faults.len() == 2));
    }

    #[test]
    fn each_kind_comes_once_before_any_comes_again() {
        let steps: Vec<_> = Plan::of(1, &KINDS, 3, Severity::Brief).take(KINDS.len()).collect();
        let kinds: BTreeSet<_> = steps.iter().flat_map(|step| &step.faults).map(|fault| fault.kind).collect();
        assert_eq!(kinds, KINDS.into_iter().collect());
    }

    #[test]
    fn the_database_is_not_switched_over_while_it_is_killed() {
        let databases = |step: &Step| step.faults.iter().filter(|fault| !fault.kind.is_of_a_replica()).count();
        assert!(Plan::of(1, &KINDS, 3, Severity::Thorough).take(200).all(|step| databases(&step) < 2));
    }
}
