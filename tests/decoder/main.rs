//! The decoder of the socket table over recorded answers: this kernel's, and shorter ones as elder kernels give them.
//!
//! The vectors are the fuzzer's corpus; what each decodes to lies beside this file and is rewritten by `UPDATE=1`.

mod vector;

use std::path::{Path, PathBuf};

fn vectors() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/sock_diag");
    let mut vectors: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
        })
        .collect();
    vectors.sort();
    assert!(vectors.len() >= 13, "the corpus is there");
    vectors
}

#[test]
#[cfg_attr(target_endian = "big", ignore = "the answers were recorded on a little-endian machine")]
fn recorded_answers_decode_to_what_was_arranged() {
    for (name, bytes) in vectors() {
        let file: PathBuf =
            [env!("CARGO_MANIFEST_DIR"), "tests/decoder", &format!("{name}.rows")].iter().collect();
        let decoded = vector::decode(&bytes);
        if std::env::var_os("UPDATE").is_some_and(|v| v == "1") {
            std::fs::write(&file, &decoded).unwrap();
        }
        // What a fuzzer added on this machine has no expectation.
        if let Ok(expected) = std::fs::read_to_string(&file) {
            assert_eq!(decoded, expected, "{name}");
        }
    }
}

#[test]
fn an_answer_cut_anywhere_is_read_as_far_as_it_goes() {
    for (name, bytes) in vectors() {
        let whole = vector::decode(&bytes).lines().count();
        for end in (0..bytes.len()).step_by(3) {
            assert!(vector::decode(&bytes[..end]).lines().count() <= whole, "{name} cut to {end} bytes");
        }
    }
}

#[test]
fn no_byte_out_of_place_does_harm() {
    for (_, bytes) in vectors() {
        let mut changed = bytes.clone();
        for at in 1..bytes.len() {
            changed[at] = [0x00, 0x01, 0x7f, 0xff, bytes[at] ^ 0x80][at % 5];
            vector::decode(&changed);
            changed[at] = bytes[at];
        }
    }
}
