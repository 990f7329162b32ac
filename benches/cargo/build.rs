// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Hands TOKIO_VERSION (from the Cargo.lock that cargo has just resolved) and
// RUSTC_VERSION to the program's `version` command.

use std::{env, fs, process::Command};

fn main() {
    let lock_path = env::var("CARGO_MANIFEST_DIR").unwrap() + "/Cargo.lock";
    let lock = fs::read_to_string(&lock_path).unwrap();
    let tokio = lock
        .split("[[package]]")
        .find(|package| package.contains("name = \"tokio\"\n"))
        .and_then(|package| package.split("version = \"").nth(1))
        .and_then(|rest| rest.split('"').next())
        .expect("tokio in Cargo.lock");
    let rustc = Command::new(env::var("RUSTC").unwrap()).arg("--version").output().unwrap();
    println!("cargo:rustc-env=TOKIO_VERSION={tokio}");
    println!("cargo:rustc-env=RUSTC_VERSION={}", String::from_utf8(rustc.stdout).unwrap().trim());
    println!("cargo:rerun-if-changed={lock_path}");
    println!("cargo:rerun-if-changed=build.rs");
}
