#!/usr/bin/env bash
# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Tests rouse-coroutine-check: that it finds the seeded faults in tests/tools/coroutine_check/ where their comments say so and
# nothing else; that these are the faults the compiler has; its options; its CMake function, from the build tree and installed.
# CXX names the compiler, c++ by default; g++ is tried as well where it has the faults.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cases="$here/coroutine_check"
CXX=${CXX:-c++}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
checker="$scratch/rouse-coroutine-check"

passed=0
failed=0
pass() {
    passed=$((passed + 1))
    echo "ok      $1"
}
fail() {
    failed=$((failed + 1))
    echo "FAILED  $1"
    [[ -z ${2:-} ]] || printf '    %s\n' "${2//$'\n'/$'\n'    }"
}
finish() {
    echo "$passed passed, $failed failed"
    [[ $failed == 0 ]]
    exit
}

# same WHAT WANTED GOT
same() {
    if [[ $2 == "$3" ]]; then pass "$1"; else fail "$1" "$(diff <(echo "$2") <(echo "$3"))"; fi
}

# expect_status WHAT STATUS COMMAND...; what it says is left in $output. The status may be "bad": any but 0.
expect_status() {
    local what=$1 wanted=$2 status=0
    shift 2
    output=$("$@" 2>&1) || status=$?
    [[ $wanted != bad || $status == 0 ]] || wanted=$status
    if [[ $status == "$wanted" ]]; then pass "$what"; else fail "$what (ended with $status)" "$output"; fi
}

# The result of the last expect_status must have this in it.
expect_output() {
    if [[ $output == *"$2"* ]]; then pass "$1"; else fail "$1" "$output"; fi
}

# --- building it --------------------------------------------------------------------------------------------------------------------

if ! messages=$("$CXX" -std=c++23 -O1 -Wall -Wextra -Werror "$root/tools/check/coroutine_check.cpp" -o "$checker" 2>&1); then
    fail "the checker compiles without warnings" "$messages"
    finish
fi
pass "the checker compiles without warnings"

# --- seeded faults and healthy look-alikes ------------------------------------------------------------------------------------------

# wanted_in FILE: a line "<line> error|warning <rule>" for each word of its comments `// expect: RULE...` and `// warn: RULE...`
wanted_in() {
    grep -noE '// (expect|warn): [a-z -]+$' "$1" | sed -E 's#^([0-9]+):// (expect|warn): #\1 \2 #' |
        awk '{ for (i = 3; i <= NF; i++) print $1, ($2 == "expect" ? "error" : "warning"), $i }'
}

# found_in FILE: the same, as the checker says it
found_in() {
    "$checker" "$1" 2>/dev/null |
        sed -E 's/^.*:([0-9]+):[0-9]+: (error|warning): .* \[rouse-gcc-([a-z-]+)\]$/\1 \2 \3/'
}

for file in "$cases"/*.cpp; do
    same "$(basename "$file")" "$(wanted_in "$file")" "$(found_in "$file")"
done

sources=()
for folder in include src examples benches tools tests; do
    [[ ! -d $root/$folder ]] || mapfile -t -O ${#sources[@]} sources < <(
        find "$root/$folder" -type f \( -name '*.hpp' -o -name '*.cpp' \) -not -path "$cases/*")
done
expect_status "rouse's own sources have no errors" 0 "$checker" --errors-only "${sources[@]}"

# --- why ----------------------------------------------------------------------------------------------------------------------------

# is_affected COMPILER
is_affected() {
    local macros
    macros=$("$1" -dM -E -x c++ /dev/null 2>/dev/null) || return 1
    [[ $macros != *__clang__* ]] && [[ $macros =~ __GNUC__\ ([0-9]+) ]] && ((BASH_REMATCH[1] < 13))
}

# A compiler without the faults must find all of the program right, which tells that the program itself is.
compilers=("$CXX")
if ! is_affected "$CXX" && command -v g++ >/dev/null && is_affected g++; then compilers+=(g++); fi
for compiler in "${compilers[@]}"; do
    for level in -O0 -O2; do
        what="twice.cpp $(basename "$compiler") $level"
        if ! messages=$("$compiler" -std=c++20 $level "$cases/twice.cpp" -o "$scratch/twice" 2>&1); then
            fail "$what compiles" "$messages"
            continue
        fi
        expect_status "$what" 0 "$scratch/twice"
        is_affected "$compiler" || echo "        not affected"
    done
done

# --- options ------------------------------------------------------------------------------------------------------------------------

printf 'Task<> f(Data x) {\n    co_await g([x] {});\n}\n' >"$scratch/error.cpp"
printf 'Task<> f(Data x) {\n    co_await g({x});\n}\n' >"$scratch/warning.cpp"
printf 'Task<> f(Data x) {\n    co_await g(x);\n}\n' >"$scratch/clean.cpp"

message='capturing closure made inside a co_await expression: GCC before 13 destroys it twice; bind it to a name first'
expect_status "an error ends with 1" 1 "$checker" "$scratch/error.cpp"
expect_output "an error is said as a compiler says it" "$scratch/error.cpp:2:16: error: $message [rouse-gcc-closure]"
expect_status "a warning ends with 0" 0 "$checker" "$scratch/warning.cpp"
expect_output "a warning is said" "$scratch/warning.cpp:2:16: warning: "
expect_status "--strict: a warning ends with 1" 1 "$checker" --strict "$scratch/warning.cpp"
expect_output "--strict: a warning is an error" "$scratch/warning.cpp:2:16: error: "
expect_status "--errors-only: ends with 0" 0 "$checker" --errors-only "$scratch/warning.cpp"
same "--errors-only: no warnings" "" "$output"
expect_status "a clean file ends with 0" 0 "$checker" "$scratch/clean.cpp"
same "a clean file: not a word" "" "$output"
expect_status "--help" 0 "$checker" --help
expect_output "--help says how to use it" "usage: rouse-coroutine-check"
expect_status "--version" 0 "$checker" --version
expect_output "--version says what it is" "rouse-coroutine-check"
expect_status "no file" 2 "$checker"
expect_output "no file: says so" "no file or folder given"
expect_status "an unknown option" 2 "$checker" --what "$scratch/clean.cpp"
expect_output "an unknown option: says so" "unknown option --what"
expect_status "a missing file" 2 "$checker" "$scratch/clean.cpp" "$scratch/missing.cpp"
expect_output "a missing file: says so" "cannot read $scratch/missing.cpp"
expect_status "options that exclude each other" 2 "$checker" --strict --errors-only "$scratch/clean.cpp"

mkdir -p "$scratch/tree/sub" "$scratch/tree/.hidden" "$scratch/tree/build"
touch "$scratch/tree/build/CMakeCache.txt"
for place in tree tree/sub tree/.hidden tree/build; do cp "$scratch/error.cpp" "$scratch/$place/error.hpp"; done
cp "$scratch/error.cpp" "$scratch/tree/notes.txt"
expect_status "a folder" 1 "$checker" "$scratch/tree"
same "a folder: its C++ files, without hidden ones and build trees" "2 errors, 0 warnings" \
    "$(sed -n 's/^rouse-coroutine-check: //p' <<<"$output")"

# --- what no compiler would take ----------------------------------------------------------------------------------------------------

printf '}])> co_await f([x] { ( "open' >"$scratch/broken.cpp"
expect_status "unbalanced brackets" 0 "$checker" "$scratch/broken.cpp"
: >"$scratch/empty.cpp"
expect_status "an empty file" 0 "$checker" "$scratch/empty.cpp"
head -c 100000 /dev/zero | tr '\0' '(' >"$scratch/deep.cpp"
expect_status "brackets without end" 2 "$checker" "$scratch/deep.cpp"
expect_output "brackets without end: says so" "nested too deeply"
printf 'Task<> f(Data x) {\r\n    co_await g( // [y] \\\r\n{}\r\n        [x] {});\r\n}\r\n' >"$scratch/crlf.cpp"
expect_status "line ends of Windows" 1 "$checker" "$scratch/crlf.cpp"
expect_output "line ends of Windows: the right line" "crlf.cpp:4:9: error: "

# --- CMake --------------------------------------------------------------------------------------------------------------------------

# project FOLDER LINE...: a project whose library is the file use.cpp, after these lines.
project() {
    mkdir -p "$1"
    {
        echo 'cmake_minimum_required(VERSION 3.25)'
        echo 'project(use LANGUAGES CXX)'
        printf '%s\n' "${@:2}"
        echo 'rouse_check_coroutines(use ALWAYS STRICT)'
        echo 'target_sources(use PRIVATE use.cpp use.hpp)' # sources that come later count too
    } >"$1/CMakeLists.txt"
    sed -i '/^rouse_check/i add_library(use OBJECT)' "$1/CMakeLists.txt"
    echo 'int use;' >"$1/use.cpp"
    cp "$scratch/warning.cpp" "$1/use.hpp"
}

# builds WHAT FOLDER: stops at the fault, and goes on when it is mended.
builds() {
    local what=$1 folder=$2
    expect_status "$what: configures" 0 cmake -S "$folder" -B "$folder/build" -DCMAKE_CXX_COMPILER="$CXX"
    expect_status "$what: a fault stops the build" bad cmake --build "$folder/build"
    expect_output "$what: the build says where" "use.hpp:2:16: error: "
    cp "$scratch/clean.cpp" "$folder/use.hpp"
    expect_status "$what: goes on when it is mended" 0 cmake --build "$folder/build"
}

if ! command -v cmake >/dev/null; then
    echo "skipped: CMake's part, for want of cmake"
    finish
fi
! command -v ninja >/dev/null || export CMAKE_GENERATOR=Ninja
project "$scratch/in_tree" "add_subdirectory(\"$root/tools/check\" check)" \
    "include(\"$root/cmake/RouseCoroutineCheck.cmake\")"
builds "CMake, build tree" "$scratch/in_tree"

mkdir -p "$scratch/package"
cat >"$scratch/package/CMakeLists.txt" <<TXT
cmake_minimum_required(VERSION 3.25)
project(package LANGUAGES CXX)
set(ROUSE_INSTALL ON)
add_subdirectory("$root/tools/check" check)
TXT
# shellcheck disable=SC2016 # the inner shell expands these
expect_status "CMake, package: installs" 0 bash -c '
    cmake -S "$1" -B "$1/build" -DCMAKE_CXX_COMPILER="$2" -DCMAKE_INSTALL_LIBDIR=lib && cmake --build "$1/build" &&
    cmake --install "$1/build" --prefix "$1/installed" --component rouse_tools && mv "$1/installed" "$1/moved"' \
    _ "$scratch/package" "$CXX"
found="$scratch/package/moved/lib/cmake/rouse"
project "$scratch/installed" "include(\"$found/rouseCoroutineCheckTargets.cmake\")" \
    "include(\"$found/RouseCoroutineCheck.cmake\")"
builds "CMake, package" "$scratch/installed"

# Only an affected compiler is worth the time, unless one asks for it.
project "$scratch/needed" "add_subdirectory(\"$root/tools/check\" check)" \
    "include(\"$root/cmake/RouseCoroutineCheck.cmake\")"
sed -i 's/ ALWAYS//' "$scratch/needed/CMakeLists.txt"
expect_status "CMake, by need: configures" 0 cmake -S "$scratch/needed" -B "$scratch/needed/build" -DCMAKE_CXX_COMPILER="$CXX"
wanted=0
! is_affected "$CXX" || wanted=bad
expect_status "CMake, by need: checks for the compilers that need it" $wanted cmake --build "$scratch/needed/build"
finish
