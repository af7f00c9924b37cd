//! What the program understands and prints; the work is done by other modules.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

use crate::words;

/// What the program is for, in one sentence.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Count the words of a file.
    Count {
        /// The file, or "-" for standard input.
        file: PathBuf,
        /// Count each different word once.
        #[arg(long)]
        unique: bool,
    },
}

/// Why a command failed, for the person who called it.
#[derive(Debug)]
pub enum Problem {
    Read { file: PathBuf, cause: io::Error },
    Write { cause: io::Error },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { file, cause } => write!(f, "cannot read {}: {cause}", file.display()),
            Self::Write { cause } => write!(f, "cannot write the result: {cause}"),
        }
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { cause, .. } | Self::Write { cause } => Some(cause),
        }
    }
}

/// Carries out one command.
pub fn run(
    arguments: &Arguments,
    input: &mut dyn Read,
    output: &mut dyn Write,
) -> Result<(), Problem> {
    match &arguments.command {
        Command::Count { file, unique } => {
            let text = read(file, input).map_err(|cause| Problem::Read {
                file: file.clone(),
                cause,
            })?;
            let number = if *unique {
                words::count_unique(&text)
            } else {
                words::count(&text)
            };
            writeln!(output, "{number}").map_err(|cause| Problem::Write { cause })
        }
    }
}

fn read(file: &Path, input: &mut dyn Read) -> io::Result<String> {
    let mut text = String::new();
    if file == Path::new("-") {
        input.read_to_string(&mut text)?;
    } else {
        File::open(file)?.read_to_string(&mut text)?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn output_of(args: &[&str], mut input: &[u8]) -> Result<String, Problem> {
        let arguments = Arguments::parse_from([&["program"], args].concat());
        let mut output = Vec::new();
        run(&arguments, &mut input, &mut output)?;
        Ok(String::from_utf8(output).expect("the output is text"))
    }

    #[test]
    fn the_arguments_are_described_without_contradiction() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn counts_standard_input() {
        assert_eq!(output_of(&["count", "-"], b"a b a").unwrap(), "3\n");
        assert_eq!(
            output_of(&["count", "--unique", "-"], b"a b a").unwrap(),
            "2\n"
        );
    }

    #[test]
    fn says_which_file_cannot_be_read() {
        let problem = output_of(&["count", "missing/file"], b"").unwrap_err();
        assert!(problem.to_string().contains("missing/file"), "{problem}");
        let problem = output_of(&["count", "-"], b"\xff").unwrap_err();
        assert!(problem.to_string().contains("UTF-8"), "{problem}");
    }

    #[test]
    fn says_that_the_result_cannot_be_written() {
        let arguments = Arguments::parse_from(["program", "count", "-"]);
        let full: &mut [u8] = &mut [];
        let problem = run(&arguments, &mut io::empty(), &mut &mut *full).unwrap_err();
        assert!(matches!(problem, Problem::Write { .. }));
    }
}
