//! Measures a chatmail-like server from outside and prints a table.
//!
//! ```text
//! drive --pid 4711 all                            against `martlet dev --unlimited`
//! drive --host 192.0.2.1 --imaps 993 --submissions 465 --domain example.org latency
//! drive torture --rounds 500                      starts its own relay and kills it, again and again
//! ```
//! With `--pid`, CPU time and memory of that process are part of the table.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

mod measures;
mod target;

use std::io;

use clap::{Parser, Subcommand};
use sim::relay::{Manner, Relay};
use sim::torture::Torture;

use measures::Line;
use target::{Options, Target};

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Copy, Subcommand)]
enum Verb {
    /// From the first byte of MAIL to the whole body in the hands of a receiver that was idling
    Latency,
    /// Messages a second, each sender to a receiver of its own
    Throughput,
    /// One message to idling recipients: when the last one heard of it
    FanOut,
    /// Logins a second of accounts that exist: TLS, LOGIN, SELECT, LOGOUT
    Logins,
    /// First logins a second: accounts made
    FirstLogins,
    /// Bytes a second that receivers fetch
    Fetch,
    /// Memory of each connection in IDLE; needs --pid
    Idle,
    /// All of these
    All,
    /// Kill -9 under load, again and again, against a ledger of what was acknowledged
    Torture {
        /// Lives that end in a kill
        #[arg(long, default_value_t = 200)]
        rounds: usize,
        /// When the kills come
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let Command { options, verb } = Command::parse();
    if let Verb::Torture { rounds, seed } = verb {
        return torture(rounds, options.clients, seed).await;
    }
    let target = Target::new(options);
    let mut table = Vec::new();
    for verb in parts(verb) {
        eprintln!("{} ...", verb.name());
        table.extend(verb.measure(&target).await?);
    }
    for Line { what, figure } in table {
        println!("{what:<56}{figure:>16}");
    }
    Ok(())
}

fn parts(verb: Verb) -> Vec<Verb> {
    use Verb as V;
    match verb {
        // Idle connections first: they are measured best in a process that did nothing yet.
        V::All => {
            vec![V::Idle, V::Latency, V::Throughput, V::FanOut, V::Logins, V::FirstLogins, V::Fetch]
        }
        one => vec![one],
    }
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Verb::Latency => "latency",
            Verb::Throughput => "throughput",
            Verb::FanOut => "fan-out",
            Verb::Logins => "logins",
            Verb::FirstLogins => "first logins",
            Verb::Fetch => "fetch",
            Verb::Idle => "idle connections",
            Verb::All => "all",
            Verb::Torture { .. } => "torture",
        }
    }

    async fn measure(self, target: &Target) -> io::Result<Vec<Line>> {
        match self {
            Verb::Latency => measures::latency(target).await,
            Verb::Throughput => measures::throughput(target).await,
            Verb::FanOut => measures::fan_out(target).await,
            Verb::Logins => measures::logins(target).await,
            Verb::FirstLogins => measures::first_logins(target).await,
            Verb::Fetch => measures::fetch(target).await,
            Verb::Idle => measures::idle(target).await,
            Verb::All | Verb::Torture { .. } => Ok(Vec::new()),
        }
    }
}

/// The long run of the test of the same name, with a relay of its own.
async fn torture(rounds: usize, pairs: usize, seed: u64) -> io::Result<()> {
    let folder = std::env::temp_dir().join(format!("martlet-torture-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let relay = Relay::start(&folder, &Manner::default()).await?;
    let mut torture = Torture::new(relay, pairs, seed);
    for round in 1..=rounds {
        let tally = torture.round().await.map_err(|why| {
            io::Error::other(format!("seed {seed}, round {round}, {}: {why}", folder.display()))
        })?;
        if round.is_multiple_of(10) || round == rounds {
            eprintln!("{tally:?}");
        }
    }
    torture.into_relay().stop().await?;
    std::fs::remove_dir_all(folder)
}
