# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash
#
# What micro/run.sh and compare/run.sh share. Sourced from the root of the tree.

folder=build/bench
mkdir -p "$folder"

# quietly NAME COMMAND...: the output goes to a log, and is shown only if the command fails.
quietly() {
    local log="$folder/$1.log"
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        echo "benches: failed: $*" >&2
        exit 1
    fi
}

say_building() { echo "building for this machine" >&2; }

# An unpacked archive has no commit.
commit_here() {
    local commit
    commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
    [[ -z $(git status --porcelain 2>/dev/null) ]] || commit+=", modified"
    echo "$commit"
}

# run_driver SUITE [ARG]...: never returns.
run_driver() {
    local suite=$1
    shift
    exec "$folder/benches/bench_driver" "$suite" --folder "$folder" --json "$folder/$suite.json" --commit "$(commit_here)" "$@"
}

# ask_driver SUITE [ARG]...: when only questions are asked, or the arguments are wrong, the driver answers at once and all ends here.
ask_driver() {
    local suite=$1 status=0
    shift
    [[ $# -gt 0 ]] || return 0
    benches/build.sh bench_driver
    "$folder/benches/bench_driver" "$suite" --folder "$folder" --json "$folder/$suite.json" --check "$@" || status=$?
    case $status in
        0) ;;
        10) exit 0 ;; # it answered
        *) exit "$status" ;;
    esac
}
