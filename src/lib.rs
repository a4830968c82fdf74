//! soquete.
pub mod event;
pub mod net;
pub mod sys;
