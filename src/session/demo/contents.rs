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
const CLIENT: Phrase = Phrase::new("a client in another: type to it", "um cliente, em outro: digite");
const TABLE: Phrase = Phrase::new("what is left of it", "o que restou");
const ECHO_SERVER: (&str, Phrase) = ("soquete listen -k --echo 4333", SERVER);

impl Lesson {
    /// An echo over TCP.
    pub const TCP: Self = Self {
        name: "tcp",
        title: Phrase::new(
            "a client talks to an echo server over TCP, and closes first",
            "um cliente conversa com um servidor de eco por TCP e fecha primeiro",
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
            "one client, three servers, and a local port for each connection",
            "um cliente, três servidores e uma porta local para cada conexão",
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
            "a client connects to a port where nobody listens",
            "um cliente pede conexão a uma porta em que ninguém escuta",
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
            "a client sends its FIN first, and the server still answers",
            "o cliente envia o FIN primeiro, e o servidor ainda responde",
        ),
        run: lessons::half_close,
        next: &[
            ("soquete listen 4333", SERVER),
            (
                "soquete connect localhost 4333",
                Phrase::new("in another: Ctrl-D, then answer", "em outro: Ctrl-D, e responda"),
            ),
        ],
    };
    /// A linger time of 0.
    pub const RESET: Self = Self {
        name: "reset",
        title: Phrase::new(
            "a client aborts its connection with an RST",
            "um cliente aborta a conexão com um RST",
        ),
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
            ("soquete stat --watch", Phrase::new("see them come and go", "veja surgirem e sumirem")),
        ],
    };
    /// A full accept queue.
    pub const BACKLOG: Self = Self {
        name: "backlog",
        title: Phrase::new(
            "a server that never accepts, a backlog of 1, three clients",
            "um servidor que nunca aceita, um backlog de 1, três clientes",
        ),
        run: lessons::backlog,
        next: &[
            (
                "soquete listen -k --backlog 1 --max-conns 1 4333",
                Phrase::new("a short queue", "uma fila curta"),
            ),
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
