//! Measurement on a shared machine. All cases of a benchmark take turns, so that a slow phase affects all of them, and
//! the result is the ratio of two cases.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

/// Number of turns of each case.
const ROUNDS: usize = 11;
/// Target duration of a turn.
const TURN: Duration = Duration::from_millis(30);

/// Whether the program runs under `cargo bench`. Under `cargo test`, benchmarks measure nothing.
#[must_use]
pub fn asked_for() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Memory of this process, in kB.
///
/// # Panics
/// On other systems than Linux.
#[must_use]
pub fn resident_kb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Cases that are measured together, and the lines of their report.
pub struct Bench<'c> {
    title: &'static str,
    cases: Vec<Case<'c>>,
    lines: Vec<Line>,
}

struct Case<'c> {
    name: String,
    /// Runs the case the given number of times.
    run: Box<dyn FnMut(u32) -> Duration + 'c>,
}

struct Line {
    case: String,
    against: Option<String>,
    goal: Option<Goal>,
}

/// Goal of a case. A missed goal is reported but is not an error.
#[derive(Clone, Copy)]
pub enum Goal {
    /// At most this multiple of the time of the compared case.
    AtMost(f64),
    /// At least this many times faster than the compared case.
    Faster(f64),
    /// At most this time. Meaningful only on an idle machine.
    Within(Duration),
}

impl<'c> Bench<'c> {
    /// Creates a benchmark without cases.
    #[must_use]
    pub fn new(title: &'static str) -> Self {
        Self { title, cases: Vec::new(), lines: Vec::new() }
    }

    /// Adds a case: a closure that runs repeatedly.
    pub fn case<T>(&mut self, name: impl Into<String>, mut once: impl FnMut() -> T + 'c) {
        let run = move |times| {
            let start = Instant::now();
            for _ in 0..times {
                black_box(once());
            }
            start.elapsed()
        };
        self.cases.push(Case { name: name.into(), run: Box::new(run) });
    }

    /// Reports the time of a case.
    pub fn show(&mut self, case: impl Into<String>, goal: Option<Goal>) {
        self.lines.push(Line { case: case.into(), against: None, goal });
    }

    /// Reports the time of a case and its ratio to another case.
    pub fn compare(&mut self, case: impl Into<String>, against: impl Into<String>, goal: Option<Goal>) {
        self.lines.push(Line { case: case.into(), against: Some(against.into()), goal });
    }

    /// Measures all cases, prints the table and returns the times.
    ///
    /// # Panics
    /// When a reported case does not exist.
    pub fn report(mut self) -> Times {
        let times: Vec<u32> = self.cases.iter_mut().map(calibrated).collect();
        let mut turns = vec![Vec::with_capacity(ROUNDS); self.cases.len()];
        for _ in 0..ROUNDS {
            for ((case, times), turns) in self.cases.iter_mut().zip(&times).zip(&mut turns) {
                turns.push((case.run)(*times).as_secs_f64() / f64::from(*times));
            }
        }
        let names = self.cases.iter().map(|case| case.name.clone());
        let times = Times(names.zip(turns.into_iter().map(median)).collect());
        let of = |name: &str| times.of(name);
        let mut out = std::io::stdout().lock();
        let mut print = |line: String| writeln!(out, "{line}").unwrap();
        print(format!("\n### {}\n", self.title));
        print("| case | time | against | time | ratio | goal | |\n|---|---|---|---|---|---|---|".to_owned());
        for line in &self.lines {
            let time = of(&line.case);
            let against = line.against.as_deref().map(of);
            print(line.row(time, against));
        }
        times
    }
}

/// Median time of each case, in seconds.
pub struct Times(BTreeMap<String, f64>);

impl Times {
    /// Returns the time of a case.
    ///
    /// # Panics
    /// When there is no such case.
    #[must_use]
    pub fn of(&self, case: &str) -> f64 {
        *self.0.get(case).unwrap_or_else(|| panic!("no case `{case}`"))
    }
}

impl Line {
    fn row(&self, time: f64, against: Option<f64>) -> String {
        let [ratio, other] = match against {
            Some(other) if matches!(self.goal, Some(Goal::Faster(_))) => {
                [format!("1/{:.0}", other / time), shown(other)]
            }
            Some(other) => [format!("{:.2}", time / other), shown(other)],
            None => [String::new(), String::new()],
        };
        let against = against.unwrap_or(f64::NAN);
        let (goal, reached) = match self.goal {
            None => return format!("| {} | {} | {} | {other} | {ratio} | | |", self.case, shown(time), self.other()),
            Some(Goal::AtMost(most)) => (format!("≤ {most}"), time / against <= most),
            Some(Goal::Faster(least)) => (format!("≤ 1/{least}"), against / time >= least),
            Some(Goal::Within(most)) => (format!("≤ {}", shown(most.as_secs_f64())), time <= most.as_secs_f64()),
        };
        let verdict = if reached { "ok" } else { "**missed**" };
        format!("| {} | {} | {} | {other} | {ratio} | {goal} | {verdict} |", self.case, shown(time), self.other())
    }

    fn other(&self) -> &str {
        self.against.as_deref().unwrap_or_default()
    }
}

/// Number of iterations that fill a turn.
fn calibrated(case: &mut Case<'_>) -> u32 {
    let mut times = 1;
    loop {
        let took = (case.run)(times);
        if took >= TURN / 4 || times >= 1 << 24 {
            let whole = f64::from(times) * TURN.as_secs_f64() / took.as_secs_f64();
            return (whole as u32).max(1);
        }
        times *= 2;
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Formats a time.
#[must_use]
pub fn shown(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:.0} ns", s * 1e9),
        s if s < 1e-3 => format!("{:.1} µs", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}
