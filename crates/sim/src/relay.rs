//! The real program on loopback: started in a folder and on ports of its own, ended by its own pid.
//!
//! The program is `relay`, the shipped program's `main` in this crate: cargo builds it whenever it
//! builds the tests, so that nobody tests yesterday's, and it lies beside the test that asks for it
//! under `cargo test`, `cargo nextest` and `cargo run` alike. The environment variable `MARTLET`
//! names another one, say a release build.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::process;

/// How long a start may take.
const START_PATIENCE: Duration = Duration::from_secs(20);
/// How long an end may take: the program promises ten seconds.
const STOP_PATIENCE: Duration = Duration::from_secs(12);
/// The ports `martlet dev` adds to its base.
const SERVICES: [u16; 7] = [25, 80, 143, 443, 465, 587, 993];

/// How a relay is started.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// With the limits users have; without, sending and connections are unlimited.
    pub limited: bool,
    /// Open descriptors it may have, if fewer than usual.
    pub descriptors: Option<u32>,
}

/// A running relay. It is killed when this is dropped.
pub struct Relay {
    child: Child,
    program: Vec<String>,
    dir: PathBuf,
    port_base: u16,
}

impl Relay {
    /// Starts a relay in a folder that may have been used before, and waits until it listens.
    ///
    /// # Errors
    /// If it does not come up; what it said is in the error.
    pub async fn start(dir: &Path, manner: &Manner) -> io::Result<Relay> {
        let port_base = free_port_base();
        let program = command_line(dir, port_base, manner);
        let child = launch(&program).await?;
        Ok(Relay { child, program, dir: dir.to_owned(), port_base })
    }

    /// Starts it again after an end, on the same ports.
    ///
    /// # Errors
    /// As [`Relay::start`].
    pub async fn restart(&mut self) -> io::Result<()> {
        self.child = launch(&self.program).await?;
        Ok(())
    }

    /// What was typed to start it: the program and its arguments.
    pub fn command_line(&self) -> &[String] {
        &self.program
    }

    /// Where a service listens, by its well-known port.
    pub fn at(&self, well_known: u16) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port_base + well_known))
    }

    /// Its process id.
    ///
    /// # Panics
    /// If it has ended.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("the relay runs")
    }

    /// Resident memory in bytes.
    ///
    /// # Errors
    /// If it has ended.
    pub fn resident_bytes(&self) -> io::Result<u64> {
        process::resident_bytes(self.pid())
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("martlet.log")).unwrap_or_default()
    }

    /// Ends it as a power cut would end a process.
    ///
    /// # Errors
    /// If it cannot be ended.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// Asks it to end, as systemd would.
    ///
    /// # Errors
    /// If it does not end in time.
    pub async fn stop(&mut self) -> io::Result<ExitStatus> {
        let pid = self.pid().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().await?;
        timeout(STOP_PATIENCE, self.child.wait()).await.map_err(io::Error::other)?
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

/// The command line of a relay, within a shell if it is to have few descriptors.
fn command_line(dir: &Path, port_base: u16, manner: &Manner) -> Vec<String> {
    let mut words = vec![
        program().display().to_string(),
        "dev".into(),
        "--json".into(),
        "--dir".into(),
        dir.display().to_string(),
        "--port-base".into(),
        port_base.to_string(),
    ];
    if !manner.limited {
        words.push("--unlimited".into());
    }
    if let Some(n) = manner.descriptors {
        let limit = format!("ulimit -n {n} && exec \"$@\"");
        let shell = ["sh", "-c", &limit, "sh"].map(str::to_owned);
        words.splice(0..0, shell);
    }
    words
}

/// Starts it and waits for the line that says that everything listens.
async fn launch(words: &[String]) -> io::Result<Child> {
    let mut child = Command::new(&words[0])
        .args(&words[1..])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut line = String::new();
    let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let read = async { BufReader::new(stdout).read_line(&mut line).await };
    timeout(START_PATIENCE, read).await.map_err(io::Error::other)??;
    if line.starts_with('{') {
        // Whatever it complains about later is not waited for.
        drop(child.stderr.take());
        return Ok(child);
    }
    let said = child.wait_with_output().await?;
    Err(io::Error::other(String::from_utf8_lossy(&said.stderr).into_owned()))
}

/// The program under test.
///
/// # Panics
/// If it was not built.
pub fn program() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the tester says which program to test")]
    if let Some(named) = std::env::var_os("MARTLET") {
        return named.into();
    }
    let me = std::env::current_exe().expect("an executable knows where it is");
    let folder = me.parent().expect("an executable is in a folder");
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let program = folder.join("relay");
    assert!(program.exists(), "{} is missing: cargo build -p sim", program.display());
    program
}

/// A port base under which every service's port is free right now. Tests that run at the same time
/// begin to look at different places.
fn free_port_base() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let mine = std::process::id() as u16;
    for _ in 0..1_000 {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let base = 11_000 + mine.wrapping_mul(1_009).wrapping_add(n.wrapping_mul(997)) % 20_000;
        if SERVICES.iter().all(|port| is_free(base + port)) {
            return base;
        }
    }
    panic!("loopback has no free ports");
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
