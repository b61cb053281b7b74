//! Child process with awaitable output that does not outlive its owner.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::http::LIMIT;

type Lines = watch::Receiver<Vec<String>>;

pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Lines,
    stderr: Lines,
}

/// Exit status and complete output of a process.
#[derive(Debug)]
pub struct Exited {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Returns whether this process runs as root.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> std::io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take();
        let stdout = collect(child.stdout.take().expect("stdout is piped"));
        let stderr = collect(child.stderr.take().expect("stderr is piped"));
        Ok(Self { child, stdin, stdout, stderr })
    }

    pub(crate) fn write_line(&mut self, line: &str) {
        // A process that has ended reads nothing. The caller notices the end when it awaits the output.
        let _ = writeln!(self.stdin.as_mut().expect("stdin is open"), "{line}");
    }

    /// Returns the first match of `wanted` in a line on stdout, or `None` when the process ends without one.
    pub(crate) async fn await_line<T>(&self, wanted: impl Fn(&str) -> Option<T>) -> Option<T> {
        let mut stdout = self.stdout.clone();
        let find = |lines: &Vec<String>| lines.iter().find_map(|line| wanted(line));
        let said = timeout(LIMIT, stdout.wait_for(|lines| find(lines).is_some())).await;
        let said = said.unwrap_or_else(|_| panic!("no such line within {LIMIT:?}; {}", self.output()));
        said.ok().and_then(|lines| find(&lines))
    }

    /// Returns the output so far.
    pub(crate) fn output(&self) -> String {
        format!("stdout:\n{}\nstderr:\n{}", text(&self.stdout), text(&self.stderr))
    }

    /// Returns the resident memory in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).expect("a running process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        let kilobytes = line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number");
        kilobytes * 1024
    }

    /// Returns the CPU time spent in user mode.
    pub(crate) fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id())).expect("a running process");
        // The preceding process name may contain spaces. One tick is 10 ms.
        let ticks = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(11)).expect("its time");
        Duration::from_millis(ticks.parse::<u64>().expect("a number") * 10)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends `SIGTERM`.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    pub(crate) fn signal(&self, signal: &str) {
        // The child is not reaped before `self` is dropped, so the ID cannot belong to another process. The standard
        // library only sends SIGKILL.
        let id = self.child.id().to_string();
        let sent = Command::new("/bin/sh").args(["-c", "kill -s \"$1\" \"$0\"", &id, signal]).status();
        assert!(sent.is_ok_and(|status| status.success()), "cannot signal process {id}");
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a child can be killed");
    }

    pub(crate) async fn exited(mut self) -> Exited {
        for mut lines in [self.stdout.clone(), self.stderr.clone()] {
            let end = timeout(LIMIT, async { while lines.changed().await.is_ok() {} }).await;
            assert!(end.is_ok(), "still running after {LIMIT:?}; {}", self.output());
        }
        let status = self.child.wait().expect("a child can be waited for");
        Exited { status, stdout: text(&self.stdout), stderr: text(&self.stderr) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(lines: &Lines) -> String {
    lines.borrow().join("\n")
}

/// Reads on a separate thread, so that the process never blocks on a full pipe.
fn collect(stream: impl Read + Send + 'static) -> Lines {
    let (sender, lines) = watch::channel(Vec::new());
    std::thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
            sender.send_modify(|lines| lines.push(line));
        }
    });
    lines
}
