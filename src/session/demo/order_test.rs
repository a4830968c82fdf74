//! The order of cause and effect, however it was observed.
