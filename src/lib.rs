//! soquete.
pub mod event;
