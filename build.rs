//! Makes the table of letters that look alike, and the program smaller: packs its relative relocations (`DT_RELR`), as its tables are full of addresses, each of which would
//! take 24 bytes more; and leaves the tables for unwinding out of a release, which aborts where others unwind. A panic
//! still says where it was; a debugger wants a build of the `dev` profile.

use std::path::Path;
use std::process::Command;
use unicode_normalization::char::decompose_canonical;
use unicode_security::skeleton;

/// The first glibc that applies packed relocations; with an older one the program would not start.
const GLIBC: (u32, u32) = (2, 36);
/// For ld and lld: added to what they do by themselves.
const NO_UNWINDING: &str = "SECTIONS { /DISCARD/ : { *(.eh_frame) *(.eh_frame_hdr) *(.gcc_except_table) *(.gcc_except_table.*) } } INSERT AFTER .rodata;\n";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let of = |key: &str| std::env::var(key).unwrap_or_default();
    let table = Path::new(&of("OUT_DIR")).join("shapes.rs");
    std::fs::write(&table, shapes()).expect("OUT_DIR is written");
    let is_native = of("HOST") == of("TARGET");
    let is_gnu = of("CARGO_CFG_TARGET_OS") == "linux" && of("CARGO_CFG_TARGET_ENV") == "gnu";
    if !(is_native && is_gnu) {
        return;
    }
    if glibc().is_some_and(|version| version >= GLIBC) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    let script = Path::new(&of("OUT_DIR")).join("no-unwinding.ld");
    // Other linkers than ld and lld may not take it.
    let is_usual = of("CARGO_ENCODED_RUSTFLAGS").is_empty() && of("RUSTC_LINKER").is_empty();
    if is_usual && of("PROFILE") == "release" && std::fs::write(&script, NO_UNWINDING).is_ok() {
        println!("cargo:rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
        println!("cargo:rustc-link-arg-bins=-T{}", script.display());
    }
}

/// The table of `src/chat/shapes.rs`: letters that decompose no further and look like others. There are no pointers in it.
fn shapes() -> String {
    let (mut letters, mut ends, mut shapes) = (Vec::new(), Vec::new(), String::new());
    for letter in '\0'..=char::MAX {
        let shape: String = skeleton(letter.encode_utf8(&mut [0; 4])).collect();
        let mut parts = Vec::new();
        decompose_canonical(letter, |part| parts.push(part));
        let is_own = shape.chars().eq([letter]);
        if parts == [letter] && !shape.is_empty() && !is_own {
            shapes.push_str(&shape);
            letters.push(letter);
            ends.push(u16::try_from(shapes.len()).expect("the shapes take less than 64 KiB"));
        }
    }
    format!(
        "pub static LETTERS: [char; {0}] = {letters:?};\npub static ENDS: [u16; {0}] = {ends:?};\npub static SHAPES: &str = \"{1}\";\n",
        letters.len(),
        shapes.escape_default()
    )
}

/// The version of this machine's C library (getconf(1)).
fn glibc() -> Option<(u32, u32)> {
    let answer = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
