//! The measures of the report that `tests/bench/run` prints, with their goals.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;

/// Environment variable with the file to which benchmarks append their results.
const RESULTS: &str = "BENCH_RESULTS";

/// A measure of the report.
pub struct Measure {
    /// Name in the report.
    pub name: &'static str,
    unit: &'static str,
    better: Better,
    /// Bound that fails the run: a regression.
    gate: f64,
    goal: f64,
    /// Bound beyond the goal, if any.
    stretch: Option<f64>,
}

#[derive(Clone, Copy)]
enum Better {
    Less,
    More,
}

impl Better {
    fn reaches(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Less => value <= bound,
            Self::More => value >= bound,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Less => "≤",
            Self::More => "≥",
        }
    }
}

const fn most(name: &'static str, unit: &'static str, gate: f64, goal: f64) -> Measure {
    Measure { name, unit, better: Better::Less, gate, goal, stretch: None }
}

const fn least(name: &'static str, unit: &'static str, gate: f64, goal: f64, stretch: Option<f64>) -> Measure {
    Measure { name, unit, better: Better::More, gate, goal, stretch }
}

/// All measures, in the order of the report.
pub const MEASURES: [Measure; 32] = [
    least("CPU of a plain handler, of `authorizations/for-token`", "%", 10.0, 55.0, Some(70.0)),
    least("CPU of a plain handler, of `tenants/for-token`", "%", 10.0, 55.0, Some(70.0)),
    least("CPU of a plain handler, of an evaluation", "%", 10.0, 55.0, Some(70.0)),
    least("CPU of a plain handler, of a batch of 100", "%", 10.0, 55.0, Some(70.0)),
    least("CPU of a plain handler, of `me` by bearer token", "%", 10.0, 55.0, Some(70.0)),
    least("time of a plain handler, of `me` by Basic", "%", 10.0, 55.0, Some(70.0)),
    most("growth with 30 memberships, `tenants/for-token`", "×", 1.5, 1.15),
    most("growth with 30 memberships, `authorizations/for-token`", "×", 1.5, 1.15),
    most("growth with 30 memberships, a batch of 100", "×", 1.5, 1.15),
    most("growth with 30 memberships, an evaluation", "×", 2.5, 1.15),
    most("growth with 30 memberships, `me` by bearer token", "×", 2.0, 1.15),
    least("raw signature check, of a new RS256 token", "%", 35.0, 55.0, None),
    least("raw signature check, of a new ES256 token", "%", 55.0, 75.0, None),
    most("resident when idle, 1 worker", "MB", 40.0, 12.5),
    most("resident when idle, 2 workers", "MB", 40.0, 13.0),
    most("resident when idle, 16 workers", "MB", 60.0, 20.0),
    most("a cached token", "kB", 2.5, 1.5),
    most("growth over a million refused requests without a scrape of metrics", "MB", 6.0, 1.0),
    most("1 M authorizations: live heap of each", "B", 200.0, 80.0),
    most("1 M authorizations: resident, SQLite", "MB", 300.0, 150.0),
    most("1 M authorizations: ready, SQLite", "s", 20.0, 3.0),
    most("1 M authorizations: resident, PostgreSQL", "MB", 300.0, 150.0),
    most("1 M authorizations: ready, PostgreSQL", "s", 20.0, 3.0),
    most("page at the end of 100,000 authorizations, of the first", "×", 3.0, 1.5),
    most("decision at 1 M, of the floor", "×", 4.0, 1.5),
    most("admin UI, 4 × slower: first row", "ms", 4000.0, 1000.0),
    most("admin UI, 4 × slower: a page selected", "ms", 4000.0, 1000.0),
    most("admin UI, 4 × slower: a deletion simulated", "ms", 4000.0, 1000.0),
    least("Cedar with its policies sliced by action, of a decision at 1 M", "×", 10.0, 90.0, None),
    least("Casbin, of a decision at 100,000", "×", 1000.0, 1000.0, None),
    most("first release build, CPU", "min", 20.0, 12.0),
    most("binary of profile `dist`", "MB", 40.0, 20.0),
];

/// Records a result for the report, and `note`: the values that it was computed from. Without the report, does nothing.
///
/// # Panics
/// If there is no such measure, or the file cannot be written.
pub fn record(name: &str, value: f64, note: &str) {
    assert!(MEASURES.iter().any(|measure| measure.name == name), "no measure `{name}`");
    append(&format!("measure\t{name}\t{value}\t{note}"));
}

/// Records a point of the chart: the time in seconds of a decision among `size` authorizations.
///
/// # Panics
/// If the file cannot be written.
pub fn record_growth(series: &str, size: usize, time: f64) {
    append(&format!("growth\t{series}\t{size}\t{time}"));
}

fn append(line: &str) {
    if let Some(path) = std::env::var_os(RESULTS) {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}

/// The results of a run.
pub struct Report {
    measures: BTreeMap<String, Vec<(f64, String)>>,
    growth: BTreeMap<String, Vec<(f64, f64)>>,
}

impl Report {
    /// Reads the file of results.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn read() -> Self {
        let path = std::env::var_os(RESULTS).unwrap();
        let (mut measures, mut growth) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for line in fs::read_to_string(path).unwrap().lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            match fields[..] {
                ["measure", name, value, note] => {
                    measures.entry(name.to_owned()).or_default().push((value.parse().unwrap(), note.to_owned()));
                }
                ["growth", series, size, time] => {
                    growth.entry(series.to_owned()).or_default().push((size.parse().unwrap(), time.parse().unwrap()));
                }
                _ => panic!("{line}"),
            }
        }
        Self { measures, growth }
    }

    /// The table, and whether no result misses its gate. Of several results of a measure, the median counts. A measure
    /// without a result is listed as not measured.
    #[must_use]
    pub fn table(mut self) -> (String, bool) {
        let mut table =
            "| measure | result | measured | gate | goal | stretch | |\n|---|---|---|---|---|---|---|\n".to_owned();
        let mut passed = true;
        for measure in &MEASURES {
            let Measure { name, unit, better, gate, goal, stretch } = measure;
            let mut results = self.measures.remove(*name).unwrap_or_default();
            results.sort_by(|one, other| one.0.total_cmp(&other.0));
            let bound = |bound: f64| format!("{} {bound} {unit}", better.sign());
            let stretched = stretch.map_or_else(String::new, bound);
            let (gate_text, goal_text) = (bound(*gate), bound(*goal));
            let (value, note, verdict) = match results.get(results.len() / 2) {
                None => ("not measured".to_owned(), String::new(), ""),
                Some((value, note)) => {
                    let verdict = match () {
                        () if !better.reaches(*value, *gate) => "**under the gate**",
                        () if stretch.is_some_and(|stretch| better.reaches(*value, stretch)) => "beyond the goal",
                        () if better.reaches(*value, *goal) => "ok",
                        () => "missed",
                    };
                    passed &= better.reaches(*value, *gate);
                    (format!("{} {unit}", rounded(*value)), note.clone(), verdict)
                }
            };
            table += &format!("| {name} | {value} | {note} | {gate_text} | {goal_text} | {stretched} | {verdict} |\n");
        }
        (table, passed)
    }

    /// The chart of the growth of decisions, as SVG with logarithmic axes.
    #[must_use]
    pub fn chart(&self) -> String {
        const WIDTH: f64 = 640.0;
        const HEIGHT: f64 = 400.0;
        /// Decimal exponents of the axes: sizes, and times in seconds.
        const SIZES: (f64, f64) = (3.0, 6.0);
        const TIMES: (f64, f64) = (-8.0, 1.0);
        const COLORS: [&str; 4] = ["#0f62fe", "#6929c4", "#005d5d", "#9f1853"];
        let x = |size: f64| 70.0 + (size.log10() - SIZES.0) / (SIZES.1 - SIZES.0) * (WIDTH - 220.0);
        let y = |time: f64| HEIGHT - 40.0 - (time.log10() - TIMES.0) / (TIMES.1 - TIMES.0) * (HEIGHT - 60.0);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<title>Time of a decision by the number of authorizations</title>\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
        );
        for (exponent, label) in [
            (-8, "10 ns"),
            (-7, "100 ns"),
            (-6, "1 µs"),
            (-5, "10 µs"),
            (-4, "100 µs"),
            (-3, "1 ms"),
            (-2, "10 ms"),
            (-1, "100 ms"),
            (0, "1 s"),
            (1, "10 s"),
        ] {
            let at = y(10_f64.powi(exponent));
            svg += &format!("<path d=\"M70 {at:.0}H{:.0}\" stroke=\"#e0e0e0\"/>\n", WIDTH - 150.0);
            svg += &format!("<text x=\"62\" y=\"{:.0}\" text-anchor=\"end\">{label}</text>\n", at + 4.0);
        }
        for (size, label) in [(1e3, "1,000"), (1e4, "10,000"), (1e5, "100,000"), (1e6, "1,000,000")] {
            svg += &format!(
                "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{label}</text>\n",
                x(size),
                HEIGHT - 18.0
            );
        }
        for ((series, points), color) in self.growth.iter().zip(COLORS) {
            let mut points: Vec<(f64, f64)> = points.iter().map(|(size, time)| (x(*size), y(*time))).collect();
            points.sort_by(|one, other| one.0.total_cmp(&other.0));
            let line: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            svg += &format!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>\n",
                line.join(" ")
            );
            if let Some((x, y)) = points.last() {
                svg += &format!("<text x=\"{:.0}\" y=\"{:.0}\" fill=\"{color}\">{series}</text>\n", x + 8.0, y + 4.0);
            }
        }
        svg + "</svg>\n"
    }
}

fn rounded(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_beyond_its_gate_fails_the_run() {
        let of = |value: f64| {
            let measures = [("a cached token".to_owned(), vec![(value, "n".to_owned())])].into();
            Report { measures, growth: BTreeMap::new() }.table()
        };
        let row = |table: &str| table.lines().find(|line| line.contains("a cached token")).unwrap().to_owned();
        for (value, passes, verdict) in [(1.0, true, "ok"), (2.0, true, "missed"), (3.0, false, "**under the gate**")] {
            let (table, passed) = of(value);
            assert_eq!(passed, passes);
            assert!(row(&table).ends_with(&format!("| {verdict} |")), "{table}");
        }
        assert!(of(1.0).0.contains("not measured"));
    }
}
