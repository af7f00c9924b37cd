#![forbid(unsafe_code)]

mod cli;
mod words;

use std::io::{stdin, stdout};
use std::process::ExitCode;

use clap::Parser;

/// The only place that touches the process: arguments, streams and exit code.
fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    match cli::run(&arguments, &mut stdin().lock(), &mut stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{}: {problem}", env!("CARGO_PKG_NAME"));
            ExitCode::FAILURE
        }
    }
}
