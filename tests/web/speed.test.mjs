// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The figures of speed.mjs, which runs by itself: the test runner hooks into every Promise, and makes it ten times slower.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const script = fileURLToPath(new URL("speed.mjs", import.meta.url));
const figures = JSON.parse(execFileSync(process.execPath, [script], { encoding: "utf8" }));

// A half more than the goal fails: other machines and other releases of V8 share the costs out differently.
const check = (t, what, { goal, ours, theirs, ratio }) => {
  t.diagnostic(`${what}: ${ours} in C++, ${theirs} in JavaScript: ${ratio.toFixed(2)} times (goal: ${goal})`);
  assert.ok(ratio < 1.5 * goal);
};

test("an await of a resolved Promise beside `await` in JavaScript", (t) => {
  check(t, "an await of a resolved Promise", figures.await);
});

test("a switch between two tasks beside a microtask of JavaScript", (t) => {
  check(t, "a switch between two tasks", figures.switch);
});
