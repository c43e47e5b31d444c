//! Lets the program's relocations be stored packed, where the system's loader reads them so: as a list of addresses they are
//! megabytes, which each start reads and memory then holds.

use std::{env, process::Command};

/// The first glibc whose loader knows them.
const FIRST: [u32; 2] = [2, 36];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is_here = env::var("HOST") == env::var("TARGET");
    let is_gnu = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux")
        && env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|libc| libc == "gnu");
    // What is built for another machine cannot be asked what it has.
    if is_here && is_gnu && glibc().is_some_and(|version| version >= FIRST) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this system's glibc.
fn glibc() -> Option<[u32; 2]> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?.stdout;
    let told = String::from_utf8(told).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some([major.parse().ok()?, minor.split('.').next()?.parse().ok()?])
}
