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

# shellcheck source=benches/common.sh
source benches/common.sh
ask_driver micro "$@"

say_building
benches/build.sh rouse_micro rouse_idle_bytes bench_driver
quietly tokio benches/cargo/build.sh benches/micro/tokio "$folder/tokio"
run_driver micro "$@"
