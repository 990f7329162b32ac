// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The figures of speed.mjs, which runs by itself: the test runner hooks into every Promise, and makes it ten times slower.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const script = fileURLToPath(new URL("speed.mjs", import.meta.url));
const figures = JSON.parse(execFileSync(process.execPath, [script], { encoding: "utf8" }));

// Ten times what is aimed at fails: a machine that does something else meanwhile must not.
test("an await of a resolved Promise beside `await` in JavaScript", (t) => {
  const { ours, theirs, ratio } = figures.await;
  t.diagnostic(`an await of a resolved Promise: ${ours} in C++, ${theirs} in JavaScript: ${ratio.toFixed(2)} times (goal: 3)`);
  assert.ok(ratio < 30);
});

test("a switch between two tasks beside a microtask of JavaScript", (t) => {
  const { ours, theirs, ratio } = figures.switch;
  t.diagnostic(`a switch between two tasks: ${ours} in C++, a microtask: ${theirs}: ${ratio.toFixed(2)} times (goal: below 1)`);
  assert.ok(ratio < 10);
});
