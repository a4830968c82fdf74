//! HTTP/1.1 as proxies speak it (RFC 9110, RFC 9112): heads, the extent of bodies, authentication.

mod body;
mod challenge;
mod digest;
mod forward;
mod head;
mod login;
mod nonce;
mod target;
mod verifier;

pub use body::Body;
pub use forward::{request as forward_request, response as forward_response};
pub use head::{Request, Response, parse_request, parse_response};
pub use login::{Login, best_challenge};
pub use target::Target;
pub use verifier::{Verdict, Verifier};
