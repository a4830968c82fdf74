//! The lessons there are: names, titles, and what to try after each.

use super::lessons;
use super::stage::Stage;
use crate::text::language::Phrase;

/// A conversation that shows one thing.
#[derive(Clone, Copy, Debug)]
pub struct Lesson {
    pub(super) name: &'static str,
    pub(super) title: Phrase,
    pub(super) run: fn(&mut Stage<'_>) -> anyhow::Result<()>,
    /// Commands, and what each does.
    pub(super) next: &'static [(&'static str, Phrase)],
}

const SERVER: Phrase = Phrase::new("a server, in one terminal", "um servidor, em um terminal");
const CLIENT: Phrase = Phrase::new("a client, in another: type to it", "um cliente, em outro: digite");
const TABLE: Phrase = Phrase::new("what is left of it", "o que restou");
const ECHO_SERVER: (&str, Phrase) = ("soquete listen -k --echo 4333", SERVER);

impl Lesson {
    /// An echo over TCP.
    pub const TCP: Self = Self {
        name: "tcp",
        title: Phrase::new(
            "a client talks to an echo server over TCP, and closes first",
            "um cliente conversa com um servidor de eco por TCP, e fecha primeiro",
        ),
        run: lessons::tcp,
        next: &[ECHO_SERVER, ("soquete connect localhost 4333", CLIENT), ("soquete stat 4333", TABLE)],
    };
    /// An echo over UDP.
    pub const UDP: Self = Self {
        name: "udp",
        title: Phrase::new(
            "a client sends a datagram to an echo server, without a handshake",
            "um cliente envia um datagrama a um servidor de eco, sem handshake",
        ),
        run: lessons::udp,
        next: &[
            ("soquete udp-serve --echo 5000", SERVER),
            ("soquete udp-send localhost 5000 hello", Phrase::new("one datagram", "um datagrama")),
            ("soquete udp-send --check localhost 5001 x", Phrase::new("nobody there", "ninguém na porta")),
        ],
    };
    /// A room of two.
    pub const CHAT: Self = Self {
        name: "chat",
        title: Phrase::new("two clients talk to each other in a room", "dois clientes conversam em uma sala"),
        run: lessons::chat,
        next: &[
            ("soquete chat-serve", Phrase::new("a room, in one terminal", "uma sala, em um terminal")),
            ("soquete chat-join --nick ana", Phrase::new("in two others", "em outros dois")),
        ],
    };
    /// One client of three servers.
    pub const MANY: Self = Self {
        name: "many",
        title: Phrase::new(
            "one client talks to three servers, from a port of its own for each",
            "um cliente conversa com três servidores, com uma porta local para cada",
        ),
        run: lessons::many,
        next: &[
            ("soquete listen -k --upper 65432", SERVER),
            ("soquete listen -k --upper 65433", Phrase::new("another one", "mais um")),
            ("soquete multi-connect localhost:65432-65433", CLIENT),
        ],
    };
    /// Nobody listens.
    pub const REFUSED: Self = Self {
        name: "refused",
        title: Phrase::new(
            "a client asks for a port where nobody listens",
            "um cliente procura uma porta em que ninguém escuta",
        ),
        run: lessons::refused,
        next: &[
            ("soquete connect localhost 4333", Phrase::new("the same", "a mesma coisa")),
            (
                "soquete connect --check localhost 4333,8080",
                Phrase::new("a test of ports", "um teste de portas"),
            ),
        ],
    };
    /// A FIN from one end long before that of the other.
    pub const HALF_CLOSE: Self = Self {
        name: "half-close",
        title: Phrase::new(
            "a client says all it has to say, and the server answers late",
            "um cliente diz tudo o que tem a dizer, e o servidor responde depois",
        ),
        run: lessons::half_close,
        next: &[
            ("soquete listen 4333", SERVER),
            (
                "soquete connect localhost 4333",
                Phrase::new("in another: Ctrl-D, then answer", "em outro: Ctrl-D; responda"),
            ),
        ],
    };
    /// A linger time of 0.
    pub const RESET: Self = Self {
        name: "reset",
        title: Phrase::new("a client breaks its connection off", "um cliente derruba a conexão"),
        run: lessons::reset,
        next: &[
            ECHO_SERVER,
            (
                "soquete connect --linger 0 --on-eof close localhost 4333",
                Phrase::new("Ctrl-D: an RST", "Ctrl-D: um RST"),
            ),
        ],
    };
    /// The port that rests.
    pub const TIME_WAIT: Self = Self {
        name: "time-wait",
        title: Phrase::new(
            "the end that closes first keeps its port for a minute",
            "quem fecha primeiro fica com a porta reservada por um minuto",
        ),
        run: lessons::time_wait,
        next: &[
            ("soquete stat --state time-wait", Phrase::new("those of your machine", "os da sua máquina")),
            ("soquete stat --watch", Phrase::new("see them come and go", "veja-os surgir e sumir")),
        ],
    };
    /// A full accept queue.
    pub const BACKLOG: Self = Self {
        name: "backlog",
        title: Phrase::new(
            "three clients of a server that accepts nobody and has a backlog of 1",
            "três clientes de um servidor que não aceita ninguém e tem um backlog de 1",
        ),
        run: lessons::backlog,
        next: &[
            ("soquete listen -k --backlog 1 --max-conns 1 4333", SERVER),
            ("soquete stat -l", Phrase::new("queues of listeners", "as filas de quem escuta")),
        ],
    };
    /// All lessons, in the order of a first course.
    pub const ALL: [Self; 9] = [
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
