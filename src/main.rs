//! The `soquete` program: hands its arguments to the library and returns the exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(soquete::run(std::env::args_os()))
}
