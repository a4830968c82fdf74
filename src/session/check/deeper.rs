//! What is tested on a connection once it is established: the TLS handshake, then a question and its answer.

use super::finding::Finding;
use super::question::{Question, close};
use crate::net::stream::ByteStream;
use crate::session::tls::TlsClient;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The tests, each if it is wanted.
#[derive(Clone, Default)]
pub(super) struct Deeper {
    pub(super) tls: Option<Arc<TlsClient>>,
    pub(super) question: Option<Arc<Question>>,
}

impl Deeper {
    /// Whether an open port is all that is wanted.
    pub(super) const fn is_nothing(&self) -> bool {
        self.tls.is_none() && self.question.is_none()
    }

    /// What the tests find on the connection that `finding` is about, begun at `began`, within `limit`, which is `named` to the
    /// user.
    pub(super) async fn test(
        &self,
        mut finding: Finding,
        mut stream: ByteStream,
        began: Instant,
        (limit, named): (Duration, Duration),
    ) -> Finding {
        let deadline = began + limit;
        if let Some(tls) = &self.tls {
            match finding.with_tls(tls, stream, deadline, named).await {
                Some(session) => stream = session,
                None => return finding,
            }
        }
        if let Some(question) = &self.question {
            finding.answered(question.ask(&stream, deadline, named).await, began);
        }
        if !self.is_nothing() {
            close(&stream).await;
        }
        finding
    }
}
