//! Lets the program's relocations be stored packed, where the system's linker and loader know them so: as a list of addresses
//! they are megabytes, which each start reads and memory then holds.

use std::{
    env,
    ffi::OsString,
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

const FLAG: &str = "-Wl,-z,pack-relative-relocs";
/// `no` leaves them as they are, for a program that is to run where the C library is older than 2.36.
const SWITCH: &str = "PACK_RELOCATIONS";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={SWITCH}");
    let is_wanted = env::var(SWITCH).map_or(true, |said| said != "no");
    let is_linux = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    // What is built for another machine cannot be tried here.
    if is_wanted && is_linux && env::var("HOST") == env::var("TARGET") && runs().is_some_and(|runs| runs) {
        println!("cargo::rustc-link-arg-bins={FLAG}");
    }
}

/// Whether an empty program that is linked so runs.
fn runs() -> Option<bool> {
    let folder = PathBuf::from(env::var_os("OUT_DIR")?);
    let (source, program) = (folder.join("empty.rs"), folder.join("empty"));
    fs::write(&source, "fn main() {}").ok()?;
    let mut rustc = Command::new(env::var_os("RUSTC")?);
    rustc.arg(&source).arg("-o").arg(&program).args(["--target", &env::var("TARGET").ok()?]);
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut said = OsString::from("linker=");
        said.push(linker);
        rustc.arg("-C").arg(said);
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    rustc.args(flags.split('\u{1f}').filter(|flag| !flag.is_empty()));
    rustc.args(["-C", &format!("link-arg={FLAG}")]);
    let links = rustc.stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?.success();
    Some(links && Command::new(program).status().ok()?.success())
}
