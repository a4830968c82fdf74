//! Any bytes as the kernel's answer, or as a file of `/proc/net`.
#![no_main]

#[path = "../../tests/decoder/vector.rs"]
mod vector;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    vector::decode(data);
});
