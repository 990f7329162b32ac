#!/bin/sh
# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# build.sh PACKAGE_DIR TARGET_DIR: builds a Tokio peer (../micro/tokio or
# ../compare/tokio) with Debian's cargo and rustc from Debian's crates (apt:
# cargo rustc librust-tokio-dev librust-futures-dev), offline. The programs are in
# TARGET_DIR/release. Cargo's own messages go to stderr.
set -eu

[ $# -eq 2 ] || { echo "usage: build.sh PACKAGE_DIR TARGET_DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
package=$(cd "$1" && pwd)
mkdir -p "$2"
target=$(cd "$2" && pwd)

# Cargo writes Cargo.lock beside Cargo.toml; building through links keeps it,
# as everything else that is made, out of the source tree. No lock file is kept
# in git: it is resolved anew whenever Debian's folder of crates has changed.
mkdir -p "$target/package"
for path in "$package/Cargo.toml" "$package/src" "$here/build.rs"; do
    ln -sfn "$path" "$target/package/$(basename "$path")"
done
registry=/usr/share/cargo/registry
lock=$target/package/Cargo.lock
[ "$lock" -nt "$registry" ] || rm -f "$lock"

# By full path and with a CARGO_HOME of its own: another toolchain may be first
# on PATH, with another configuration.
cd "$target/package"
CARGO_HOME="$target/cargo-home" CARGO_TARGET_DIR="$target" \
    RUSTC=/usr/bin/rustc RUSTFLAGS="-C target-cpu=native" \
    /usr/bin/cargo build --release --offline --quiet \
    --config 'source.crates-io.replace-with="debian"' \
    --config "source.debian.directory=\"$registry\"" >&2
