#!/usr/bin/env bash
# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# run.sh [--quick] [WORKLOAD]...: builds rouse's micro benchmarks and Tokio's, and runs them in turn. `run.sh --help` has the rest.
# run.sh verdict [WORKLOAD]...:   counts what finding lost wakers costs: see verdict_cost.sh.
#
# Called by ./run bench, which installs what this needs: a compiler, cmake, ninja-build, cargo, librust-tokio-dev, libcli11-dev,
# libfmt-dev, nlohmann-json3-dev, and for `verdict` valgrind.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."

if [[ ${1:-} == verdict ]]; then
    shift
    exec "$here/verdict_cost.sh" "$@"
fi

folder=build/bench
mkdir -p "$folder"

# quietly WHAT COMMAND...: shows the output only if it fails.
quietly() {
    local log="$folder/$1.log"
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        echo "benches: failed: $*" >&2
        exit 1
    fi
}

echo "building for this machine" >&2
# The library as well as the programs, as whoever measures would build it, with link-time optimisation as the peer has; one kind of
# library is enough.
quietly configure cmake -S . -B "$folder" -G Ninja -DROUSE_PREFER_CLANG=ON -DCMAKE_BUILD_TYPE=Release \
    "-DCMAKE_CXX_FLAGS_RELEASE=-O3 -DNDEBUG -march=native -flto=thin" -DROUSE_BUILD_TESTS=OFF -DROUSE_BUILD_EXAMPLES=OFF \
    -DROUSE_BUILD_TOOLS=OFF -DROUSE_BUILD_BOTH=OFF -DROUSE_BUILD_BENCHES=ON
quietly build cmake --build "$folder" --target rouse_micro rouse_idle_bytes bench_driver
quietly tokio "$here/tokio/build.sh" "$folder/tokio"

# An unpacked archive has no commit.
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
[[ -z $(git status --porcelain 2>/dev/null) ]] || commit+=", modified"

exec "$folder/benches/bench_driver" --rouse "$folder/benches" --tokio "$folder/tokio/release" --json "$folder/micro.json" \
    --commit "$commit" "$@"
