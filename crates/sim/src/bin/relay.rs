//! The relay as its tests start it: the shipped program's `main`, built together with the tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    martlet::cli::run()
}
