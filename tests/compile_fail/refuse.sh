#!/usr/bin/env bash
# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# refuse.sh SOURCE COMPILE...: the command does not compile SOURCE, and says of each fault in it what judge.awk wants.
set -euo pipefail

source=$1
shift
messages=$(mktemp)
trap 'rm -f "$messages"' EXIT
if "$@" >"$messages" 2>&1; then
    echo "$source compiles with all its faults"
    exit 1
fi
awk -v name="$source" -f "$(dirname "$0")/judge.awk" "$source" "$messages"
