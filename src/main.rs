//! The `soquete` program: hands its arguments to the library and ends as that says.

use std::process::ExitCode;

fn main() -> ExitCode {
    soquete::run(std::env::args_os()).end()
}
