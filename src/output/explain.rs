//! One plain sentence for each change of state: the meaning of the state, and the segment or call that caused it.

use crate::event::{Op, Proto, Role, State};
use crate::text::language::Phrase;

/// The sentence for a transition of a socket in `role`.
pub(super) const fn sentence(proto: Proto, role: Role, from: State, to: State, op: Op) -> Phrase {
    match (proto, from, to) {
        (Proto::Udp, _, State::Unconnected) => Phrase::new(
            "The socket has an address: any peer may send to it, without a handshake.",
            "O socket tem um endereço: qualquer um pode enviar dados a ele, sem handshake.",
        ),
        (Proto::Udp, _, State::Connected) => Phrase::new(
            "The kernel stores one peer's address; no packet has been sent yet.",
            "O kernel guarda o endereço do outro lado; nenhum pacote saiu ainda.",
        ),
        (Proto::Udp, ..) => Phrase::new(
            "The socket is closed; UDP sends no notice of that to the peer.",
            "O socket está fechado; o UDP não avisa o outro lado.",
        ),
        (_, _, State::Listen) => Phrase::new(
            "listen() makes the socket wait for connection requests (SYN segments).",
            "listen() deixa o socket à espera de pedidos de conexão (segmentos SYN).",
        ),
        (_, _, State::SynSent) => Phrase::new(
            "connect() sent a SYN: the client asks to open a connection.",
            "connect() enviou um SYN: o cliente pede para abrir uma conexão.",
        ),
        (_, _, State::SynReceived) => Phrase::new(
            "A SYN arrived and was answered by a SYN-ACK: the handshake is half done.",
            "Chegou um SYN, respondido com um SYN-ACK: o handshake está na metade.",
        ),
        (_, _, State::Established) => match role {
            Role::Client => Phrase::new(
                "The SYN-ACK arrived and was acknowledged: data may flow both ways.",
                "O SYN-ACK chegou e foi confirmado: os dados podem fluir nos dois sentidos.",
            ),
            _ => Phrase::new(
                "The last ACK of the handshake arrived: data may flow both ways.",
                "Chegou o último ACK do handshake: os dados podem fluir nos dois sentidos.",
            ),
        },
        (_, _, State::FinWait1) => Phrase::new(
            "shutdown() sent a FIN: this end sends no more data.",
            "shutdown() enviou um FIN: este lado não envia mais dados.",
        ),
        (_, _, State::FinWait2) => Phrase::new(
            "The FIN was acknowledged: the peer may still send data.",
            "O FIN foi confirmado: o outro lado ainda pode enviar dados.",
        ),
        (_, _, State::CloseWait) => Phrase::new(
            "The peer's FIN arrived: it sends no more data, this end still may.",
            "Chegou o FIN do outro lado: ele não envia mais dados, mas este lado ainda pode.",
        ),
        (_, _, State::Closing) => Phrase::new(
            "Both ends sent a FIN at the same time: the ACK of ours is still missing.",
            "Os dois lados enviaram um FIN ao mesmo tempo: falta o ACK do nosso FIN.",
        ),
        (_, _, State::LastAck) => Phrase::new(
            "This end sent its FIN after the peer's: only the ACK of it is missing.",
            "Este lado enviou o FIN depois do outro: só falta o ACK desse FIN.",
        ),
        (_, _, State::TimeWait) => Phrase::new(
            "Both FINs are acknowledged: the port stays reserved until late segments have expired.",
            "Os dois FINs foram confirmados: a porta fica reservada até os segmentos atrasados expirarem.",
        ),
        (_, from, State::Closed) => closed(from, op),
        _ => Phrase::new("", ""),
    }
}

/// The sentence for the end of a socket of TCP.
const fn closed(from: State, op: Op) -> Phrase {
    match (from, op) {
        (State::LastAck, _) => Phrase::new(
            "The last ACK arrived: both ends have closed the connection.",
            "Chegou o último ACK: os dois lados fecharam a conexão.",
        ),
        (State::Listen, _) => Phrase::new(
            "The listener is closed: new connections are refused.",
            "O socket de escuta foi fechado: novas conexões são recusadas.",
        ),
        (_, Op::Refused) => Phrase::new(
            "An RST arrived: no socket listens there.",
            "Chegou um RST: ninguém escuta nessa porta.",
        ),
        (_, Op::ResetReceived) => Phrase::new(
            "An RST arrived: the peer aborted the connection.",
            "Chegou um RST: o outro lado abortou a conexão.",
        ),
        (_, Op::TimedOut) => Phrase::new("No answer arrived in time.", "Nenhuma resposta chegou a tempo."),
        (State::SynSent, Op::Close) => Phrase::new(
            "The socket was closed before an answer arrived.",
            "O socket foi fechado antes de a resposta chegar.",
        ),
        (State::Established | State::CloseWait, Op::Close) => Phrase::new(
            "close() sent an RST: this end aborts the connection and discards undelivered data.",
            "close() enviou um RST: este lado aborta a conexão e descarta os dados não entregues.",
        ),
        _ => Phrase::new("The socket is closed.", "O socket está fechado."),
    }
}

/// The sentence for the local port of one of many connections.
pub(super) const LOCAL_PORT: Phrase = Phrase::new(
    "The kernel chose a free local port: two addresses and two ports identify a connection.",
    "O kernel escolheu uma porta local livre: dois endereços e duas portas identificam uma conexão.",
);

/// What is said of what nobody saw.
pub(super) const IMPLIED: Phrase = Phrase::new("implied", "deduzido");

/// The sentence for accept(2).
pub(super) const ACCEPTED: Phrase = Phrase::new(
    "accept() gives the server a socket of its own for this client.",
    "accept() dá ao servidor um socket só para este cliente.",
);
