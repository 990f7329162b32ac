#!/usr/bin/env bash
# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# package.sh FOLDER TERSER: makes FOLDER/package with the minified form, and of it FOLDER/rouse-web-VERSION.tgz.
set -euo pipefail

folder=$1
terser=$(realpath "$2")
js=$(dirname "$(realpath "$0")")
rm -rf "$folder"
mkdir -p "$folder/package"
cp "$js"/{rouse.mjs,development.mjs,rouse.d.ts,package.json} "$js/../../LICENSE" "$folder/package/"
cp -r "$js/inspector" "$folder/package/"
"$terser" "$js/rouse.mjs" --module --ecma 2022 --compress passes=3,unsafe_arrows=true --mangle \
    --output "$folder/package/rouse.min.mjs"
cd "$folder"
npm pack --silent ./package >/dev/null
