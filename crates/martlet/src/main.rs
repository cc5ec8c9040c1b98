//! `martlet`: a whole chatmail relay in one program.

use std::process::ExitCode;

fn main() -> ExitCode {
    martlet::cli::run()
}
