#!/usr/bin/env bash
# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# run.sh [--quick] [--write-docs] [WORKLOAD]...: builds the workloads of README.md for rouse and its peers, runs them in turn, and
# prints one table; all rounds go to build/bench/compare.json, a plot to build/bench/compare.svg, with --write-docs also to
# docs/internals/compare.svg. `run.sh --help` has the rest. Installs what is missing (Debian).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# shellcheck source=tools/scripts/common.sh
source tools/scripts/common.sh
choose_llvm
packages=()
read -ra packages -d '' < <(build_packages) || true # read's end of input is no failure here
ensure_packages "${packages[@]}" nlohmann-json3-dev cargo librust-tokio-dev librust-futures-dev golang-go libboost1.81-dev libuv1-dev wrk

# shellcheck source=benches/common.sh
source benches/common.sh

arguments=(--pipeline benches/compare/load/pipeline.lua --svg "$folder/compare.svg")
for argument in "$@"; do
    if [[ $argument == --write-docs ]]; then
        arguments+=(--svg docs/internals/compare.svg)
    else
        arguments+=("$argument")
    fi
done
[[ $# == 0 ]] || ask_driver compare "${arguments[@]}"

build_peers() {
    cmake -S benches/compare -B "$folder/peers" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_C_COMPILER="clang-$llvm_version" -DCMAKE_CXX_COMPILER="clang++-$llvm_version" &&
        cmake --build "$folder/peers" ${BENCH_JOBS:+-j "$BENCH_JOBS"}
}

# Go's own way to build for this machine: v3 has AVX2, v4 AVX-512.
build_go() {
    local level=v1
    ! grep -qw avx2 /proc/cpuinfo || level=v3
    (cd benches/compare/go &&
        GOCACHE="$OLDPWD/$folder/go/cache" GOPATH="$OLDPWD/$folder/go/path" GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local GOAMD64=$level CGO_ENABLED=0 \
            go build -trimpath -o "$OLDPWD/$folder/go/go_compare" .)
}

say_building
benches/build.sh rouse_compare bench_driver
mkdir -p "$folder/go"
quietly peers build_peers
quietly tokio_compare benches/cargo/build.sh benches/compare/tokio "$folder/tokio_compare"
quietly go build_go
run_driver compare "${arguments[@]}"
