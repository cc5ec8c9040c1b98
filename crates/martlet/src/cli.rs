//! The command line: which verbs there are, and how each ends.
//!
//! Exit codes: 0 it worked, 1 it did not (the reason is on standard error), 2 the command line or
//! the configuration is wrong.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mail::Domain;
use store::SqliteStore;

use crate::config::Config;
use crate::house::{House, HouseError};
use crate::{VERSION, dev, log};

/// A whole chatmail relay in one program.
///
/// Try it: `martlet dev` starts a relay on this machine's loopback, keeps everything in one folder
/// and prints how to log in. For a relay on the internet write a configuration of one line,
/// `domain = "example.org"`, and run `martlet serve --config martlet.toml`.
#[derive(Parser)]
#[command(name = "martlet", version, max_term_width = 100)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Start a whole relay on loopback, to try it or to test against it
    Dev(dev::Options),
    /// Run the relay a configuration describes, until a signal ends it
    Serve {
        /// The configuration
        #[arg(long, value_name = "FILE", default_value = "/etc/martlet.toml")]
        config: PathBuf,
    },
    /// Look at a configuration without starting anything
    #[command(subcommand)]
    Config(ConfigVerb),
    /// Recompute every count and reference of a mail store, while no relay runs on it
    Verify {
        /// The data folder
        #[arg(value_name = "DIR", default_value = "/var/lib/martlet")]
        dir: PathBuf,
    },
}

#[derive(Subcommand)]
enum ConfigVerb {
    /// Say every fault of a configuration, with its line and what to write instead
    Check {
        /// The configuration
        #[arg(value_name = "FILE", default_value = "/etc/martlet.toml")]
        file: PathBuf,
    },
    /// Print a configuration with every default filled in
    Show {
        /// The configuration
        #[arg(value_name = "FILE", default_value = "/etc/martlet.toml")]
        file: PathBuf,
    },
    /// Explain every key: type, unit, default, meaning
    Describe,
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    match Command::parse().verb {
        Verb::Dev(options) => dev::run(&options),
        Verb::Serve { config } => serve(&config),
        Verb::Config(verb) => config(verb),
        Verb::Verify { dir } => verify(&dir),
    }
}

/// Prints what is wrong, a line each; nothing is changed.
fn verify(dir: &Path) -> ExitCode {
    if !dir.is_dir() {
        complain(&format!("{}: there is no such folder", dir.display()));
        return ExitCode::FAILURE;
    }
    let faults = runtime().block_on(async {
        let store = SqliteStore::open(store::Options::new(dir.to_owned()))?;
        Ok::<_, HouseError>(store.verify().await)
    });
    match faults {
        Ok(Ok(faults)) if faults.is_empty() => print("Every count and reference is right.\n"),
        Ok(Ok(faults)) => {
            print(&faults.iter().map(|fault| format!("{fault}\n")).collect::<String>());
            ExitCode::FAILURE
        }
        Ok(Err(error)) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
        Err(error) => finish(Err(error)),
    }
}

fn serve(path: &Path) -> ExitCode {
    let config = match read(path) {
        Ok(config) => config,
        Err(code) => return code,
    };
    log::to_stderr(&config.log);
    finish(runtime().block_on(async {
        let house = House::open(&config).await?;
        tracing::info!(version = VERSION, domain = %config.domain, "the relay is open");
        house.serve().await?;
        tracing::info!("the relay is closed; everything acknowledged is on disk");
        Ok(())
    }))
}

fn config(verb: ConfigVerb) -> ExitCode {
    let text = match verb {
        ConfigVerb::Describe => Ok(Config::describe()),
        ConfigVerb::Show { file } => read(&file).map(|config| config.show()),
        ConfigVerb::Check { file } => {
            read(&file).map(|config| format!("{} is fine: {}\n", file.display(), config.domain))
        }
    };
    match text {
        Ok(text) => print(&text),
        Err(code) => code,
    }
}

/// The configuration, or every fault in it on standard error.
fn read(path: &Path) -> Result<Config, ExitCode> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::NotFound => {
                "\nWrite a configuration there; one line is enough: domain = \"example.org\""
            }
            _ => "",
        };
        complain(&format!("{}: {error}{advice}", path.display()));
        ExitCode::from(2)
    })?;
    Config::parse(&text).map_err(|faults| {
        for fault in &faults {
            complain(&format!("{}:{fault}", path.display()));
        }
        ExitCode::from(2)
    })
}

/// How a verb ends that ran the house.
pub(crate) fn finish(result: Result<(), HouseError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Prints to standard output; a reader that went away is no reason to panic.
pub(crate) fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Prints to standard error, whatever becomes of it.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "martlet: {text}");
}

/// The async runtime: one thread for each core.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("martlet")
        .build()
        .expect("the operating system gives a fresh process threads and an epoll descriptor")
}

/// A domain on the command line.
pub(crate) fn domain(text: &str) -> Result<Domain, String> {
    Domain::parse(text).map_err(|error| error.to_string())
}
