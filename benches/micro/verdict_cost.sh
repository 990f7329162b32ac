#!/usr/bin/env bash
# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# verdict_cost.sh [WORKLOAD]...: what the branches that find lost wakers cost, in instructions. Builds rouse_micro with them and
# without (ROUSE_NO_VERDICT; the counts stay), counts under callgrind at two scales, and takes the difference, so that start and end
# of the program cancel out. Ends with 1 if a row gets more than 2 instructions per poll cheaper.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."

command -v valgrind >/dev/null || {
    echo "verdict_cost.sh needs valgrind (Debian: valgrind)" >&2
    exit 1
}

# The polls in an operation. Rows without any have one poll in 256 operations, when the budget is spent: they are judged per operation.
declare -A polls=(
    [spawn_join_1m]=1 [spawn_await]=2 [spawn_await_spawned]=2 [yield_depth1]=1 [yield_depth1_spawned]=1 [yield_wake_spawned]=1
    [yield_depth100]=1 [await_ready]=0 [oneshot]=2 [oneshot_spawn]=2 [sleep_drop]=0 [token_ring]=1
    [waker_drop]=0)
limit=2
# Every row that has a peer is expected at 0: its tasks are woken before they are idle, so no verdict is asked for. token_ring takes
# the branches at the end of each poll, waker_drop the ones of a waker that is dropped outside of its task's poll.

folder=build/bench/verdict
mkdir -p "$folder"

# Not for this machine: valgrind knows no AVX-512.
build() {
    local log="$folder/$1.log"
    if ! {
        cmake -S . -B "$folder/$1" -G Ninja -DROUSE_PREFER_CLANG=ON -DCMAKE_BUILD_TYPE=Release \
            "-DCMAKE_CXX_FLAGS_RELEASE=-O3 -DNDEBUG" -DROUSE_BUILD_TESTS=OFF -DROUSE_BUILD_EXAMPLES=OFF -DROUSE_BUILD_TOOLS=OFF \
            -DROUSE_BUILD_BOTH=OFF -DROUSE_BUILD_BENCHES=ON -DROUSE_NO_VERDICT="$2" &&
            cmake --build "$folder/$1" --target rouse_micro
    } >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        exit 1
    fi
}

# instructions BUILD WORKLOAD SCALE: of one round.
instructions() {
    local out="$folder/callgrind.$1.$2"
    valgrind --tool=callgrind --callgrind-out-file="$out" "$folder/$1/benches/rouse_micro" "$2" 1 "$3" >/dev/null 2>"$out.log" || {
        cat "$out.log" >&2
        exit 1
    }
    awk '$1 == "summary:" || $1 == "totals:" { print $2; exit }' "$out"
}

echo "building with and without verdicts" >&2
build with OFF
build without ON

workloads=("$@")
[[ $# -gt 0 ]] || read -ra workloads -d '' < <("$folder/with/benches/rouse_micro" list) || true # end of input is no failure here

missed=0
printf '%-21s %6s %14s %14s %12s %12s\n' workload polls 'with, per op' 'without' 'difference' 'per poll'
for workload in "${workloads[@]}"; do
    [[ -n ${polls[$workload]:-} ]] || {
        echo "verdict_cost.sh: unknown workload: $workload" >&2
        exit 2
    }
    # 10,000,000 operations at scale 1, or 1,000,000: between the two scales lie 180,000 or 90,000.
    case $workload in
        yield_* | await_ready) few=0.002 many=0.02 between=180000 ;;
        *) few=0.01 many=0.1 between=90000 ;;
    esac
    counts=()
    for build in with without; do
        for scale in $few $many; do counts+=("$(instructions "$build" "$workload" "$scale")"); done
    done
    awk -v name="$workload" -v polls="${polls[$workload]}" -v n="$between" -v limit="$limit" -v a="${counts[0]}" -v b="${counts[1]}" \
        -v c="${counts[2]}" -v d="${counts[3]}" 'BEGIN {
            with = (b - a) / n; without = (d - c) / n; difference = with - without
            per_poll = polls ? difference / polls : difference
            printf "%-21s %6d %14.2f %14.2f %12.2f %12.2f%s\n", name, polls, with, without, difference, per_poll,
                   (per_poll > limit ? "  MISSED" : "")
            exit per_poll > limit
        }' || missed=1
done
echo "goal: at most $limit instructions per poll"
exit $missed
