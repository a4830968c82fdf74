//! Where a lesson takes place: the ends of its conversation, each an engine in a thread of its own, and its steps.
//!
//! The events of a step are held back until both ends are quiet, and then told in the order of cause and effect, with the
//! packets between them; what was received follows them.

use super::actors::{Actor, Client, PATIENCE, Server, late, pipe};
use super::moment::Moment;
use super::observer::Observer;
use super::order::causal;
use super::pace::Pace;
use super::scene::Scene;
use super::teller::Teller;
use crate::event::{Event, Kind, Role, State};
use crate::session::ready::Ready;
use crate::session::table::rows_of_port;
use crate::session::wait::{expect_running, wait};
use crate::session::{Context, Result, Stdio, unless_stopped};
use crate::sys::poll::Interest;
use crate::sys::signal::{Signal, Stop};
use crate::sys::{Error, blocking};
use crate::text::language::{Language, Phrase};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Both ends are quiet when nothing happened for so long. A delayed ACK comes after 40 ms (`TCP_DELACK_MIN`).
const QUIET: Duration = Duration::from_millis(50);
/// How long a step waits for the packet of a change of state, beyond that.
const LATE_PACKET: Duration = Duration::from_millis(500);

/// The scene of one lesson or several.
pub(super) struct Stage<'a> {
    pub(super) context: &'a mut Context,
    pub(super) language: Language,
    teller: Teller,
    observer: Observer,
}

impl<'a> Stage<'a> {
    /// Holds the events of `context` back, and captures the packets of its sockets; paced, it gives a reader time.
    pub(super) fn new(
        context: &'a mut Context,
        language: Language,
        pace: Option<Pace>,
    ) -> anyhow::Result<Self> {
        let (observer, reason) = Observer::new(context);
        let sockets = context.sockets.attempt();
        let told = std::mem::replace(&mut context.events, sockets.events().clone());
        context.sockets = sockets;
        if let Some((_, error)) = reason.as_ref().filter(|_| context.ladder.is_none()) {
            told.warn(Kind::Permission, "capture", format!("the demo shows states only: {error}"));
        }
        let teller = Teller::new(context, told, pace, !observer.has_packets());
        let mut stage = Self { context, language, teller, observer };
        if let Some((phrase, error)) = reason {
            let error = error.to_string();
            let reason = error.rsplit(": ").next().unwrap_or_default();
            stage.teller.add(Scene::Hint(phrase.say_with(language, reason)))?;
        }
        Ok(stage)
    }

    /// Waits until both ends are quiet, and tells what happened.
    pub(super) fn step(&mut self) -> anyhow::Result<()> {
        self.step_with(|_| true)
    }

    /// As [`Self::step`], once a socket went to a state that is expected of an actor, or it ended: on a busy machine all is quiet
    /// before it begins.
    fn step_to(&mut self, actor: &Actor, is_expected: impl Fn(Role, State) -> bool) -> anyhow::Result<()> {
        let enters = |moment: &Moment| matches!(&moment.event, Event::State { socket, to, .. } if is_expected(socket.role, *to));
        let are_told = self.context.events.enabled();
        self.step_with(|moments| !are_told || actor.thread.is_finished() || moments.iter().any(enters))
    }

    fn step_with(&mut self, has_begun: impl Fn(&[Moment]) -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let late = Instant::now() + LATE_PACKET;
        let mut moments: Vec<Moment> = Vec::new();
        loop {
            let _ = self.context.rest_until(Instant::now() + QUIET);
            expect_running(&self.context.stop)?;
            let goes_on = self.observer.look(&self.context.events, &mut moments) || !has_begun(&moments);
            if goes_on && Instant::now() < deadline {
                continue;
            }
            self.observer.add_packets(&mut moments);
            if Instant::now() > late || self.observer.is_whole(&moments) {
                break;
            }
        }
        for Moment { ts, event, .. } in causal(moments, self.teller.has_ladder()) {
            self.teller.add(Scene::Event(ts, event))?;
        }
        Ok(())
    }

    /// Waits until a segment is sent again, where packets are captured: the kernel does so after a second (RFC 6298, 2.1).
    pub(super) fn await_repetition(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.observer.has_packets() && !self.observer.has_repetition() && Instant::now() < deadline {
            self.step()?;
        }
        Ok(())
    }

    /// Starts a server and waits for its address.
    pub(super) fn server(
        &mut self,
        run: impl FnOnce(Ready, &mut Context) -> Result + Send + 'static,
    ) -> anyhow::Result<Server> {
        let (addresses, ready) = pipe()?;
        let number = ready.as_raw_fd();
        let actor = self.start("server", Some(ready), move |context| {
            run(Ready { fd: Some(number), ..Ready::default() }, context)
        })?;
        let text = self.read(&addresses, 1)?;
        match String::from_utf8_lossy(&text).trim_end().parse() {
            Ok(address) => {
                self.step()?;
                Ok(Server { address, actor, typed: None })
            }
            Err(_) => Err(actor.finish().err().unwrap_or_else(|| late("server").into())),
        }
    }

    /// Starts a server that sends what is typed.
    pub(super) fn sending_server(
        &mut self,
        run: impl FnOnce(Ready, OwnedFd, &mut Context) -> Result + Send + 'static,
    ) -> anyhow::Result<Server> {
        let (input, typed) = pipe()?;
        let server = self.server(|ready, context| run(ready, input, context))?;
        Ok(Server { typed: Some(typed), ..server })
    }

    /// Starts a client.
    pub(super) fn client(
        &mut self,
        run: impl FnOnce(Stdio, &mut Context) -> Result + Send + 'static,
    ) -> anyhow::Result<Client> {
        let ((input, typed), (received, output)) = (pipe()?, pipe()?);
        let stdio = Stdio { input: Some(input), output: Some(output) };
        let actor = self.start("client", None, move |context| run(stdio, context))?;
        self.step_to(&actor, |role, _| role == Role::Client)?;
        Ok(Client { actor, typed: Some(typed), received })
    }

    fn start(
        &self,
        name: &'static str,
        ready: Option<OwnedFd>,
        run: impl FnOnce(&mut Context) -> Result + Send + 'static,
    ) -> anyhow::Result<Actor> {
        let (its, stop) = Stop::of_part()?;
        let mut context = self.context.part(its);
        context.ready_fd = ready;
        let (tell, end) = mpsc::channel();
        let run = move || {
            let result = unless_stopped(run(&mut context), &context.stop);
            drop(context);
            // Nobody waits for it once the demo ends.
            let _ = tell.send(result);
        };
        let thread = std::thread::Builder::new().name(name.into()).spawn(run);
        let thread = thread.map_err(|e| Error::new("start thread", name, e))?;
        Ok(Actor { name, stop, end, thread })
    }

    /// Waits until a client received so many lines, and shows them after what happened meanwhile.
    pub(super) fn hear(&mut self, client: &Client, lines: usize) -> anyhow::Result<()> {
        let text = self.read(&client.received, lines)?;
        self.step()?;
        self.teller.add(Scene::Received(text))
    }

    /// Shows the TCP sockets that have this port at either end.
    pub(super) fn show_port(&mut self, port: u16) -> anyhow::Result<()> {
        let rows = rows_of_port(port, self.context)?;
        self.teller.add(Scene::Rows(rows))
    }

    /// Shows a remark about the lesson, after what happened.
    pub(super) fn remark(&mut self, text: Phrase) -> anyhow::Result<()> {
        self.add(Scene::Remark(text.say(self.language).to_owned()))
    }

    /// Shows a scene.
    pub(super) fn add(&mut self, scene: Scene) -> anyhow::Result<()> {
        self.teller.add(scene)
    }

    /// Whether keys are read.
    pub(super) fn has_keys(&self) -> bool {
        self.teller.has_keys()
    }

    /// Gives the reader time for what was shown so far; returns whether more is wanted.
    pub(super) fn tell(&mut self) -> anyhow::Result<bool> {
        self.teller.tell(self.context)?;
        Ok(!self.teller.is_over())
    }

    /// Tells how many packets there were.
    pub(super) fn tell_totals(&mut self) -> anyhow::Result<()> {
        let Some(totals) = self.observer.totals() else { return Ok(()) };
        self.teller.add(Scene::Event(jiff::Timestamp::now(), totals))
    }

    /// Ends a client's input, and waits for its end.
    pub(super) fn hang_up(&mut self, mut client: Client) -> anyhow::Result<()> {
        client.typed = None;
        client.actor.finish()?;
        self.step()
    }

    /// Ends a client's input, and waits for nothing but that both ends are quiet.
    pub(super) fn end_input(&mut self, client: &mut Client) -> anyhow::Result<()> {
        client.typed = None;
        self.step_to(&client.actor, |role, to| role == Role::Client && to == State::FinWait1)
    }

    /// Ends the input of a server, whose client may stay.
    pub(super) fn end_sending(&mut self, server: &mut Server) -> anyhow::Result<()> {
        server.typed = None;
        self.step_to(&server.actor, |role, to| role == Role::Server && to == State::FinWait1)
    }

    /// Waits for a client that fails in this way.
    pub(super) fn expect_failure(&mut self, client: Client, kind: io::ErrorKind) -> anyhow::Result<()> {
        let Client { actor, .. } = client;
        match actor.finish() {
            Err(error) if error.downcast_ref::<Error>().is_some_and(|e| e.source.kind() == kind) => {
                self.step()
            }
            Err(error) => Err(error),
            Ok(()) => Err(Error::new("run", "client", io::Error::other("it did not fail")).into()),
        }
    }

    /// Asks a client to end, and waits for that.
    pub(super) fn stop_client(&mut self, client: Client) -> anyhow::Result<()> {
        let Client { actor, .. } = client;
        actor.stop.make(Signal::Terminate);
        actor.finish()?;
        self.step()
    }

    /// Asks a server to end, and waits for that.
    pub(super) fn shut_down(&mut self, server: Server) -> anyhow::Result<()> {
        let Server { actor, .. } = server;
        actor.stop.make(Signal::Terminate);
        actor.finish()?;
        self.step()
    }

    /// Ends a server's input, and waits for its end.
    pub(super) fn finish_server(&mut self, mut server: Server) -> anyhow::Result<()> {
        server.typed = None;
        server.actor.finish()?;
        self.step()
    }

    /// Reads so many lines, or fewer where the other side closes the pipe.
    fn read(&self, from: &OwnedFd, lines: usize) -> anyhow::Result<Vec<u8>> {
        let deadline = Instant::now() + PATIENCE;
        let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
        while memchr::memchr_iter(b'\n', &text).count() < lines {
            if !wait(vec![(from.as_fd(), Interest::Reading)], &self.context.stop, Some(deadline))?[0] {
                return Err(late("client").into());
            }
            match blocking::read(from.as_fd(), &mut buffer).map_err(|e| Error::new("read", "client", e))? {
                0 => break,
                read => text.extend_from_slice(&buffer[..read]),
            }
        }
        Ok(text)
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        let mut moments = Vec::new();
        self.observer.look(&self.context.events, &mut moments);
        self.observer.add_packets(&mut moments);
        for Moment { ts, event, .. } in causal(moments, false) {
            // The run ends, with an error of its own or by a signal.
            let _ = self.teller.add(Scene::Event(ts, event));
        }
        // Sockets that are closed may still have to tell their last states.
        self.context.events.release();
    }
}
