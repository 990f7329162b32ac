#!/usr/bin/env bash
# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# build.sh TARGET...: builds rouse's benchmarks and their driver in build/bench, the library too: for this machine, as whoever
# measures would. Prints what it is told only when it fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=build/bench
mkdir -p "$folder"
log="$folder/build.log"
if ! {
    # One kind of the library is enough.
    cmake -S . -B "$folder" -G Ninja -DROUSE_PREFER_CLANG=ON -DCMAKE_BUILD_TYPE=Release \
        "-DCMAKE_CXX_FLAGS_RELEASE=-O3 -DNDEBUG -march=native -flto=thin" -DROUSE_BUILD_TESTS=OFF -DROUSE_BUILD_EXAMPLES=OFF \
        -DROUSE_BUILD_TOOLS=OFF -DROUSE_BUILD_BOTH=OFF -DROUSE_BUILD_BENCHES=ON &&
        cmake --build "$folder" ${BENCH_JOBS:+-j "$BENCH_JOBS"} --target "$@"
} >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "benches: building failed; all of it is in $log" >&2
    exit 1
fi
