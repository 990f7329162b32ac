// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import assert from "node:assert/strict";
import { test } from "node:test";

import { start } from "./modules.mjs";

const { app, exports } = await start("exceptions");

const expected = {
  unwinds_innermost_first: "ba|",
  catches_by_base: "42",
  catches_pointers: "42",
  throws_again: "1inner0",
  throws_in_a_handler: "other!",
  keeps_exceptions: "111110",
  nested: "effect of cause",
  library_errors: "invalid_argument out_of_range at bad_cast append bad_alloc",
};
for (const [name, seen] of Object.entries(expected))
  test(`${name.replaceAll("_", " ")}`, () => assert.equal(exports[name](), seen));

test("no exception leaks memory", () => {
  // What libc++ itself throws from leaves its own locals behind: it was compiled without exceptions.
  const names = Object.keys(expected).filter((name) => name !== "library_errors");
  for (const name of names) exports[name]();
  const before = app.memory.buffer.byteLength;
  for (let i = 0; i < 20_000; ++i) for (const name of names) exports[name]();
  assert.equal(app.memory.buffer.byteLength, before);
});

test("an exception that leaves a noexcept function stops the module, with its words", async () => {
  const { exports: doomed } = await start("exceptions");
  assert.throws(() => doomed.throw_in_noexcept(), /left a function that is noexcept: no way out/);
});
