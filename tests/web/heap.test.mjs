// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The allocator of the modules: heap.cpp has what is tried, and answers with what went wrong.
import assert from "node:assert/strict";
import { test } from "node:test";

import { start } from "./modules.mjs";

test("blocks under random use never overlap, lose bytes or contradict each other, and become one in the end", async () => {
  const { exports } = await start("heap");
  for (let seed = 1; seed <= 40; ++seed) assert.equal(exports.stress(seed, 4000), "", `seed ${seed}`);
});

test("malloc, calloc, realloc, aligned_alloc, posix_memalign and aligned new keep what they promise", async () => {
  const { exports } = await start("heap");
  assert.equal(exports.functions(), "");
});

test("the end of memory is null, ENOMEM and bad_alloc, and harms nothing", async () => {
  const { exports } = await start("heap");
  assert.equal(exports.exhaustion(), "");
});

test("the last block is found behind more than are looked at, and is no reason to ask for less than nothing", async () => {
  const { exports } = await start("heap");
  assert.equal(exports.last_behind_many(), "");
});

test("at the end of memory bad_alloc is thrown all the same, and a stop has its words", async () => {
  const { exports } = await start("heap");
  assert.equal(exports.last_bytes(), "");
  assert.throws(() => exports.stop_without_memory(), /rouse: fatal: the last words/);
});

for (const pattern of ["grow_side_by_side", "pass_messages", "mix_lifetimes", "outgrow"])
  test(`memory does not grow without bound: ${pattern}`, async () => {
    const { exports } = await start("heap");
    assert.equal(exports.pages_grown(pattern), 0);
  });

test("memory that is freed twice stops the module", async () => {
  const { exports } = await start("heap");
  assert.throws(() => exports.free_twice());
  assert.throws(() => exports.functions(), /the module has stopped/);
});
