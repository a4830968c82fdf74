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
        LessonName::Refused => demo::run(&Lesson::REFUSED, context),
        LessonName::HalfClose => demo::run(&Lesson::HALF_CLOSE, context),
        LessonName::Reset => demo::run(&Lesson::RESET, context),
        LessonName::TimeWait => demo::run(&Lesson::TIME_WAIT, context),
        LessonName::Backlog => demo::run(&Lesson::BACKLOG, context),
        LessonName::All => demo::run_all(context),
    }
}
