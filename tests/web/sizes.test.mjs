// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What a page has to load: the runtime with JsFuture, future_to_promise and spawn_local (minimal.cpp), and the JavaScript half.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { buildFolder } from "./modules.mjs";

const kb = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;
const sizes = async (file) => {
  const bytes = await readFile(file);
  return { plain: bytes.length, packed: gzipSync(bytes, { level: 9 }).length };
};

const modules = [
  { name: "with exceptions", folder: buildFolder, limit: [60, 25] },
  { name: "without exceptions", folder: `${buildFolder}-noexcept`, limit: [45, 20] },
];
for (const { name, folder, limit } of modules) {
  test(`the size of a module ${name}`, async (t) => {
    const { plain, packed } = await sizes(path.join(folder, "tests", "minimal.wasm"));
    t.diagnostic(`size: a module ${name}: ${kb(plain)}, ${kb(packed)} gzip (at most: ${limit[0]} and ${limit[1]} KB)`);
    assert.ok(plain <= limit[0] * 1000 && packed <= limit[1] * 1000);
  });
}

test("the size of rouse.min.mjs", async (t) => {
  const { plain, packed } = await sizes(path.join(buildFolder, "npm", "package", "rouse.min.mjs"));
  t.diagnostic(`size: rouse.min.mjs: ${kb(plain)}, ${kb(packed)} gzip (at most: 4 KB gzip)`);
  assert.ok(packed <= 4096);
});
