//! Conversations on loopback within one process, for users that see sockets for the first time: both ends are the engines of
//! the other commands.
//!
//! A new lesson is a function of [`lessons`] and a [`Lesson`]; an end of a new kind, one of [`roles`].

mod actors;
mod lessons;
mod order;
mod roles;
mod stage;

use super::{Context, Outcome, Result};
use stage::Stage;

/// A conversation that shows one thing.
#[derive(Clone, Copy, Debug)]
pub struct Lesson {
    name: &'static str,
    title: &'static str,
    run: fn(&mut Stage<'_>) -> anyhow::Result<()>,
}

impl Lesson {
    /// An echo over TCP.
    pub const TCP: Self = Self {
        name: "tcp",
        title: "a client talks to an echo server over TCP, and closes first",
        run: lessons::tcp,
    };
    /// An echo over UDP.
    pub const UDP: Self = Self {
        name: "udp",
        title: "a client sends a datagram to an echo server, without a handshake",
        run: lessons::udp,
    };
    /// A room of two.
    pub const CHAT: Self =
        Self { name: "chat", title: "two clients talk to each other in a room", run: lessons::chat };
    /// One client of three servers.
    pub const MANY: Self = Self {
        name: "many",
        title: "one client talks to three servers, from a port of its own for each",
        run: lessons::many,
    };
    /// Nobody listens.
    pub const REFUSED: Self = Self {
        name: "refused",
        title: "a client asks for a port where nobody listens",
        run: lessons::refused,
    };
    /// A FIN from one end long before that of the other.
    pub const HALF_CLOSE: Self = Self {
        name: "half-close",
        title: "a client says all it has to say, and the server answers late",
        run: lessons::half_close,
    };
    /// A linger time of 0.
    pub const RESET: Self =
        Self { name: "reset", title: "a client breaks its connection off", run: lessons::reset };
    /// The port that rests.
    pub const TIME_WAIT: Self = Self {
        name: "time-wait",
        title: "the end that closes first keeps its port for a minute",
        run: lessons::time_wait,
    };
    /// A full accept queue.
    pub const BACKLOG: Self = Self {
        name: "backlog",
        title: "three clients of a server that accepts nobody and has a backlog of 1",
        run: lessons::backlog,
    };
    /// All lessons, in the order of a first course.
    const ALL: [Self; 9] = [
        Self::TCP,
        Self::UDP,
        Self::CHAT,
        Self::MANY,
        Self::REFUSED,
        Self::HALF_CLOSE,
        Self::RESET,
        Self::TIME_WAIT,
        Self::BACKLOG,
    ];
}

/// Runs one lesson, and names the others.
pub fn run(lesson: &Lesson, context: &mut Context) -> Result {
    let mut stage = Stage::new(context);
    (lesson.run)(&mut stage)?;
    let others = Lesson::ALL.iter().map(|other| other.name).filter(|name| *name != lesson.name);
    let others: Vec<&str> = others.chain(["all"]).collect();
    stage.note(&format!("Other lessons of soquete demo: {}", others.join(", ")))?;
    Ok(Outcome::done())
}

/// Runs every lesson, each under its title.
pub fn run_all(context: &mut Context) -> Result {
    let mut stage = Stage::new(context);
    for Lesson { name, title, run } in Lesson::ALL {
        stage.note(&format!("Lesson {name}: {title}"))?;
        run(&mut stage)?;
    }
    Ok(Outcome::done())
}
