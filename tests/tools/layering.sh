#!/usr/bin/env bash
# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# layering.sh [ROOT]: what the tree promises about its files, checked by reading them.
#   - which layer includes which (the table below), in include/rouse and src
#   - <atomic> is included in base/atomic.hpp only
#   - every .hpp and .cpp starts with the two SPDX lines and has at most 800 lines
#   - no file mentions where it lay on the machine where it was written
# Before it trusts itself it seeds each of these faults in a tree of its own and must find them all, and nothing else.
set -euo pipefail

# layer: what it may include, beside itself. A folder that is not named here is a violation: place it first.
layers='
base:
core:      base
task:      base core
combine:   base core task
sync:      base core task combine
time:      base core task combine
stream:    base core task sync combine time
io:        base core task combine
codec:     base core task combine stream io
scope:     base core task sync combine
net:       base core task sync combine stream time io
tls:       base core task sync combine time io net
fs:        base core task sync combine stream time io
process:   base core task sync combine stream time io net
signal:    base core task sync combine stream time io net
diag:      base core task sync combine stream time io
runtime:   base core task sync combine time io diag
testing:   base core task sync combine stream time io net fs process signal runtime diag
web:       base core task sync combine stream time io runtime diag
rouse.hpp: base core task sync combine stream scope time io codec net fs process signal runtime diag
'

# check_includes ROOT: reads the list of C++ files on stdin, relative to ROOT. One line per violation.
check_includes() {
    (cd "$1" && LC_ALL=C awk -v layers="$layers" '
        # The layer of a path, or "" for what is no layer.
        function layer_of(path) {
            if (path == "include/rouse/rouse.hpp") return "rouse.hpp"
            if (path ~ /^web\/(include|src)\//) return "web" # a tree of its own beside the others
            if (path !~ /^(include\/rouse|src)\/[^\/]+\//) return ""
            sub(/^(include\/rouse|src)\//, "", path)
            sub(/\/.*/, "", path)
            return path
        }
        function folder_of(path) { return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/)) : "" }
        function without_dots(path) {
            while (sub(/[^\/]+\/\.\.\//, "", path)) {}
            gsub(/\.\//, "", path)
            return path
        }
        # Which file of the tree an include means, or "".
        function target_of(name, quoted, from,    path) {
            if (quoted && (path = without_dots(folder_of(from) name)) in known) return path
            if (name ~ /^rouse\/web\//) return "web/include/" name
            if (name ~ /^rouse\//) return "include/" name # also if it is not there (yet): its layer shows in its name
            if (quoted && (path = without_dots("src/" name)) in known) return path
            return ""
        }
        function report(file, line, text) { print file ":" line ": " text }

        BEGIN {
            count = split(layers, rows, "\n")
            for (r = 1; r <= count; r++) {
                words = split(rows[r], word, /[ :]+/)
                if (word[1] == "") continue
                placed[word[1]] = 1
                may[word[1], word[1]] = 1
                for (w = 2; w <= words; w++) may[word[1], word[w]] = 1
            }
            while ((getline file < "-") > 0) {
                files[++file_count] = file
                known[file] = 1
            }
            for (f = 1; f <= file_count; f++) check(files[f])
        }

        function check(file,    line, number, layer, parts, target, wanted) {
            layer = layer_of(file)
            if (layer != "" && !(layer in placed)) report(file, 1, "the layer \"" layer "\" is not in the table")
            number = 0
            while ((getline line < file) > 0) {
                number++
                if (number == 1 && line != "// SPDX-FileCopyrightText: The rouse authors" ||
                    number == 2 && line != "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception")
                    report(file, number, "the SPDX line is missing")
                if (line !~ /^[ \t]*#[ \t]*include[ \t]*[<"]/) continue
                sub(/^[ \t]*#[ \t]*include[ \t]*/, "", line)
                split(line, parts, /[<>"]/)
                if (layer != "" && parts[2] == "atomic" && file != "include/rouse/base/atomic.hpp")
                    report(file, number, "<atomic> is included in base/atomic.hpp only")
                target = target_of(parts[2], line ~ /^"/, file)
                wanted = layer_of(target)
                if (layer == "" || wanted == "" || !(layer in placed)) continue
                if (!(wanted in placed)) report(file, number, "the layer \"" wanted "\" is not in the table")
                else if (!((layer, wanted) in may)) report(file, number, layer " must not include " wanted " (" parts[2] ")")
            }
            close(file)
            if (number < 2) report(file, 1, "the SPDX lines are missing")
            if (number > 800) report(file, number, "has " number " lines; past 800 a file is split where it has a seam")
        }
    ')
}

# Everything that is, or could be, tracked.
list_files() {
    (cd "$1" && find . \( -name .git -o -path ./build -o -path './build-*' -o -name target -o -name node_modules \) -prune \
        -o -type f -print | sed 's,^\./,,' | LC_ALL=C sort)
}

# A path of the machine, not of a URL or of the tree: nothing that a path or a name could continue from stands before it.
check_paths() {
    local places='work|root|home/[a-z]+'
    (cd "$1" && tr '\n' '\0' | xargs -0 -r grep -InE "(^|[^][A-Za-z0-9_.~/{}*-])/($places)(/|[^A-Za-z0-9_/-]|\$)" /dev/null) |
        sed -E 's/^([^:]+:[0-9]+):.*/\1: an absolute path of some machine/' || true
}

violations() {
    list_files "$1" | grep -E '\.(hpp|cpp)$' | check_includes "$1"
    list_files "$1" | check_paths "$1"
}

# --- the check of the check ---------------------------------------------------------------------------------------------------------

# plant FILE LINE...: a file with the licence lines and these.
plant() {
    mkdir -p "$(dirname "$1")"
    {
        echo '// SPDX-FileCopyrightText: The rouse authors'
        echo '// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception'
        printf '%s\n' "${@:2}"
    } >"$1"
}

# expect WHAT PATTERN FILE LINE...: in a healthy tree with this file added, exactly one violation, which matches; or none, if the
# pattern is empty.
expect() {
    local what=$1 pattern=$2 tree found
    tree=$(mktemp -d "$scratch/XXXXXX")
    plant "$tree/include/rouse/base/atomic.hpp" '#include <atomic>'
    plant "$tree/include/rouse/core/waker.hpp" '#include <rouse/base/atomic.hpp>' '#include "../base/atomic.hpp"'
    plant "$tree/src/io/driver.hpp" '#include "rouse/task/task.hpp"' '// #include <rouse/time/clock.hpp>'
    plant "$tree/src/runtime/runtime.cpp" '#include "io/driver.hpp"' '#include <rouse/diag/report.hpp>'
    plant "$tree/include/rouse/rouse.hpp" '#include <rouse/runtime/runtime.hpp>'
    plant "$tree/tests/core/waker.cpp" '#include <rouse/testing/harness.hpp>' '#include <atomic>'
    plant "$tree/$3" "${@:4}"
    found=$(violations "$tree")
    if [[ -z $pattern && -n $found ]]; then
        echo "layering.sh finds fault with $what: $found" >&2
        exit 1
    elif [[ -n $pattern ]] && [[ $(wc -l <<<"$found") != 1 || ! $found =~ $pattern ]]; then
        echo "layering.sh does not find $what; it says: $found" >&2
        exit 1
    fi
}

self_test() {
    local long machine_path
    machine_path=$(printf '/%s' root) # in two pieces, or this file would be found
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    expect 'a healthy tree' '' src/core/waker.cpp '#include <rouse/core/waker.hpp>' '#include <vector>'
    expect 'core that includes task' 'waker.cpp:3: core must not include task' src/core/waker.cpp '#include <rouse/task/task.hpp>'
    expect 'time that includes io' 'time must not include io' include/rouse/time/wheel.hpp '  #  include "rouse/io/driver.hpp"'
    expect 'io that includes time' 'io must not include time' src/io/epoll/epoll.cpp '#include <rouse/time/wheel.hpp>'
    expect 'an include by a relative path' 'core must not include io' src/core/a.cpp '#include "../io/driver.hpp"'
    expect 'an include by a path below src' 'sync must not include io' src/sync/a.cpp '#include "io/driver.hpp"'
    expect 'a lower layer that includes diag' 'task must not include diag' src/task/a.cpp '#include <rouse/diag/report.hpp>'
    expect 'a lower layer that includes rouse.hpp' 'io must not include rouse.hpp' src/io/a.cpp '#include <rouse/rouse.hpp>'
    expect 'web that includes net' 'web must not include net' web/src/a.cpp '#include <rouse/net/tcp_stream.hpp>'
    expect 'task that includes web' 'task must not include web' src/task/a.cpp '#include <rouse/web/value.hpp>'
    expect 'web that includes itself' '' web/src/a.cpp '#include "rouse/web/value.hpp"' '#include "rouse/task/task.hpp"'
    expect 'a layer that nobody placed' 'not in the table' include/rouse/extra/a.hpp '#include <vector>'
    expect '<atomic> elsewhere' '<atomic> is included' include/rouse/sync/mutex.hpp '#include <atomic>'
    expect 'a path of a machine' 'notes.cpp:3: an absolute path' docs/notes.cpp "// see $machine_path/main/file"
    expect 'a path in an address' '' docs/notes.cpp '// see https://example.org/work/root and src/work/a'
    mapfile -t long < <(yes '//' | head -n 799)
    expect 'a long file' 'has 801 lines' src/core/long.cpp "${long[@]}"

    local bare="$scratch/bare"
    mkdir -p "$bare"
    printf 'int x;\nint y;\n' >"$bare/a.cpp"
    [[ $(violations "$bare" | grep -c SPDX) == 2 ]] || {
        echo "layering.sh does not find missing SPDX lines" >&2
        exit 1
    }
}

self_test
found=$(violations "${1:-$(dirname "$0")/../..}")
if [[ -n $found ]]; then
    echo "$found"
    exit 1
fi
