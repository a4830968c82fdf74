//! Conversations on loopback within one process, for users that see sockets for the first time: both ends are the engines of
//! the other commands.
//!
//! A new lesson is a function of [`lessons`] and a [`Lesson`] of [`contents`]; an end of a new kind, one of [`roles`].

mod actors;
mod causes;
mod contents;
mod lessons;
mod moment;
mod observer;
mod order;
#[cfg(test)]
mod order_test;
mod pace;
mod place;
mod roles;
mod scene;
mod stage;
mod teller;

pub use contents::Lesson;

use super::{Context, Outcome, Result};
use crate::text::language::{Language, Phrase};
use pace::Pace;
use scene::Scene;
use stage::Stage;

/// What is shown, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// The lessons, in turn.
    pub lessons: Vec<Lesson>,
    /// The language of sentences.
    pub language: Language,
    /// Pauses for a reader, so many times as fast as usual; `None` shows everything as it happens.
    pub speed: Option<f64>,
}

const KEYS: Phrase = Phrase::new("Any key continues, q quits.", "Qualquer tecla avança; q encerra.");
const TRY: Phrase = Phrase::new("Now try:", "Agora experimente:");
const OTHERS: Phrase = Phrase::new("Other lessons of soquete demo: {}", "Outras lições do soquete demo: {}");
const LESSON: Phrase = Phrase::new("Lesson {}", "Lição {}");

/// Shows lessons. One names the others at its end.
pub fn run(config: &Config, context: &mut Context) -> Result {
    let pace = config.speed.map(Pace::on_terminal).transpose()?;
    let language = config.language;
    let mut stage = Stage::new(context, language, pace)?;
    if stage.has_keys() {
        stage.add(Scene::Hint(KEYS.say(language).to_owned()))?;
    }
    for lesson in &config.lessons {
        let played = play(lesson, config, &mut stage);
        let goes_on = stage.tell()?;
        played?;
        if !goes_on {
            return Ok(Outcome::of(crate::exit::Exit::Done, "the reader ended it"));
        }
    }
    stage.tell_totals()?;
    if let [lesson] = &*config.lessons {
        let others = Lesson::ALL.iter().map(|other| other.name).filter(|name| *name != lesson.name);
        let others: Vec<&str> = others.chain(["all"]).collect();
        stage.add(Scene::Remark(OTHERS.say_with(language, others.join(", "))))?;
    }
    stage.tell()?;
    Ok(Outcome::done())
}

fn play(lesson: &Lesson, config: &Config, stage: &mut Stage<'_>) -> anyhow::Result<()> {
    let language = config.language;
    let title = format!("{}: {}", LESSON.say_with(language, lesson.name), lesson.title.say(language));
    stage.add(Scene::Begin(title.clone(), (config.lessons.len() > 1).then_some(title)))?;
    if !stage.tell()? {
        return Ok(());
    }
    (lesson.run)(stage)?;
    stage.add(Scene::Hint(TRY.say(language).to_owned()))?;
    for (command, what) in lesson.next {
        stage.add(Scene::Command(command, what.say(language)))?;
    }
    Ok(())
}
