//! Where the program's own words go: one line for each event, to standard error or a file.

use std::fs::File;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{LogConfig, LogFormat};

/// For `serve`: the service manager keeps standard error.
pub(crate) fn to_stderr(config: &LogConfig) {
    start(config, std::io::stderr, false);
}

/// For `dev`: the terminal stays readable.
pub(crate) fn to_file(config: &LogConfig, file: File) {
    start(config, Mutex::new(file), false);
}

fn start<W>(config: &LogConfig, writer: W, ansi: bool)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(config.level.as_str()))
        .with_writer(writer)
        .with_ansi(ansi)
        .with_target(false);
    // A second call in one process (tests) keeps the first log.
    let _ = match config.format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
}
