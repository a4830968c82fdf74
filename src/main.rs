//! The `soquete` program: runs the library with its arguments and ends with its exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    soquete::run(std::env::args_os()).end()
}
