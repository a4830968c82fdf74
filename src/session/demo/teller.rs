//! Shows the scenes of lessons: as a ladder, or as events beside what was received. On a terminal they are recorded while the
//! conversation takes place, and shown at the pace of a reader, whom no timer of the kernel waits for.

use super::pace::Pace;
use super::scene::Scene;
use crate::event::Events;
use crate::event::ladder::Ladder;
use crate::event::report::Report;
use crate::session::{Context, stdout};
use crate::sys::{blocking, fd};
use std::io;

/// Shows scenes.
pub(super) struct Teller {
    /// Where events go.
    events: Events,
    ladder: Option<Box<dyn Ladder>>,
    report: Box<dyn Report>,
    json: bool,
    pace: Option<Pace>,
    recorded: Vec<Scene>,
    /// No packets are captured: what was received is in none of them.
    implied: bool,
    /// The reader wants no more.
    is_over: bool,
}

impl Teller {
    pub(super) fn new(context: &mut Context, events: Events, pace: Option<Pace>, implied: bool) -> Self {
        Self {
            events,
            ladder: context.ladder.take(),
            report: context.report.again(),
            json: context.json,
            pace,
            recorded: Vec::new(),
            implied,
            is_over: false,
        }
    }

    /// Whether a ladder is drawn.
    pub(super) const fn has_ladder(&self) -> bool {
        self.ladder.is_some()
    }

    /// Whether keys are read.
    pub(super) fn has_keys(&self) -> bool {
        self.pace.as_ref().is_some_and(Pace::has_keys)
    }

    /// Whether the reader wants no more.
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Shows a scene, or records it.
    pub(super) fn add(&mut self, scene: Scene) -> anyhow::Result<()> {
        if self.pace.is_some() {
            self.recorded.push(scene);
            return Ok(());
        }
        self.show(scene).map(drop)
    }

    /// Shows what was recorded.
    pub(super) fn tell(&mut self, context: &Context) -> anyhow::Result<()> {
        for scene in std::mem::take(&mut self.recorded) {
            if self.is_over {
                break;
            }
            let characters = self.show(scene)?;
            if let Some(pace) = self.pace.as_mut().filter(|_| characters > 0) {
                self.is_over = pace.rest(characters, &context.stop)?.is_break();
            }
        }
        Ok(())
    }

    /// Shows a scene; returns how many characters of it are to be read.
    fn show(&mut self, scene: Scene) -> anyhow::Result<usize> {
        let Some(ladder) = &mut self.ladder else { return self.show_plain(scene).map(|()| 0) };
        let shown = match scene {
            Scene::Begin(title, _) => ladder.begin(&title, self.implied),
            Scene::Event(ts, event) => {
                let shown = ladder.event(&event);
                self.events.pass(ts, event);
                shown
            }
            // Packets say it already.
            Scene::Received(_) if !self.implied => Ok(0),
            Scene::Received(text) => ladder.received(&text),
            Scene::Rows(rows) => {
                let count = rows.len();
                ladder.blank()?;
                self.show_plain(Scene::Rows(rows))?;
                Ok(40 * count)
            }
            Scene::Remark(text) => ladder.remark(&text),
            Scene::Command(command, text) => ladder.command(command, text),
            Scene::Hint(text) => ladder.hint(&text),
        };
        Ok(shown.map_err(stdout::failure)?)
    }

    fn show_plain(&mut self, scene: Scene) -> anyhow::Result<()> {
        match scene {
            Scene::Event(ts, event) => self.events.pass(ts, event),
            Scene::Received(text) => self.write(&text)?,
            Scene::Begin(_, Some(line)) | Scene::Remark(line) if !self.json => {
                self.write(format!("{line}\n").as_bytes())?;
            }
            Scene::Rows(rows) => {
                self.events.flush();
                // Each table has its own heading.
                let mut report = self.report.again();
                let written = rows.iter().try_for_each(|row| report.row(row)).and_then(|()| report.flush());
                written.map_err(stdout::failure)?;
            }
            Scene::Begin(..) | Scene::Remark(_) | Scene::Command(..) | Scene::Hint(_) => {}
        }
        Ok(())
    }

    /// Writes to standard output, after the events: both may go to the same terminal.
    fn write(&self, text: &[u8]) -> anyhow::Result<()> {
        self.events.flush();
        let written: io::Result<()> = blocking::write_all(fd::output(), text);
        Ok(written.map_err(stdout::failure)?)
    }
}
