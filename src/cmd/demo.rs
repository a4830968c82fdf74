//! `soquete demo`.

use super::{Context, Result};
use crate::cli::{Demo, LessonName};
use crate::session::demo::{self, Lesson};

/// Runs the subcommand.
pub fn run(args: &Demo, context: &mut Context) -> Result {
    match args.lesson {
        LessonName::Tcp => demo::run(&Lesson::TCP, context),
        LessonName::Udp => demo::run(&Lesson::UDP, context),
        LessonName::Chat => demo::run(&Lesson::CHAT, context),
        LessonName::Many => demo::run(&Lesson::MANY, context),
        LessonName::All => demo::run_all(context),
    }
}
