//! `soquete demo`.

use super::{Context, Result};
use crate::cli::{Demo, LanguageName, LessonName};
use crate::session::demo::{self, Config, Lesson};
use crate::sys::fd;
use crate::text::language::Language;

/// Runs the subcommand.
pub fn run(args: &Demo, context: &mut Context) -> Result {
    let is_read = context.ladder.is_some() && fd::is_terminal(fd::output());
    let config = Config {
        lessons: lessons(args.lesson),
        language: language(args),
        speed: is_read.then_some(args.speed),
    };
    demo::run(&config, context)
}

/// The language of sentences.
pub(crate) fn language(args: &Demo) -> Language {
    match args.lang {
        Some(LanguageName::En) => Language::English,
        Some(LanguageName::Pt) => Language::Portuguese,
        None => Language::of_environment(),
    }
}

fn lessons(name: LessonName) -> Vec<Lesson> {
    let lesson = match name {
        LessonName::Tcp => Lesson::TCP,
        LessonName::Udp => Lesson::UDP,
        LessonName::Chat => Lesson::CHAT,
        LessonName::Many => Lesson::MANY,
        LessonName::Refused => Lesson::REFUSED,
        LessonName::HalfClose => Lesson::HALF_CLOSE,
        LessonName::Reset => Lesson::RESET,
        LessonName::TimeWait => Lesson::TIME_WAIT,
        LessonName::Backlog => Lesson::BACKLOG,
        LessonName::All => return Lesson::ALL.to_vec(),
    };
    vec![lesson]
}
