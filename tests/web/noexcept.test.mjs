// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A module that was built with -fno-exceptions.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { load } from "../../web/js/rouse.mjs";
import { buildFolder, macrotask, stateOf } from "./modules.mjs";

const bytes = await readFile(path.join(`${buildFolder}-noexcept`, "tests", "minimal.wasm"));

test("without exceptions promises go both ways", async () => {
  const { exports, liveHandles } = await load(bytes);
  assert.equal(await exports.await_value(Promise.resolve("value")), "value");
  await assert.rejects(exports.await_value(Promise.reject(new Error("as a result"))), /as a result/);
  exports.start(Promise.resolve());
  for (let i = 0; i < 100 && liveHandles() > 0; ++i) await macrotask(); // one, or more on a machine that is busy
  assert.equal(liveHandles(), 0);
});

test("without exceptions a lost waker rejects the promise, and the task is destroyed", async () => {
  const reports = [];
  const app = await load(bytes, { report: (text) => reports.push(text) });
  await assert.rejects(app.exports.lose_waker(), (error) => error.name === "LostWaker" && /kept no waker/.test(error.message));
  assert.deepEqual(app.tasks(), []);
  assert.equal(app.liveHandles(), 0);
  assert.equal(reports.length, 1);
});

test("without exceptions the policy `report` leaves it to hang", async () => {
  const app = await load(bytes, { report: () => {}, onLostWaker: "report" });
  const promise = app.exports.lose_waker();
  assert.equal(await stateOf(promise), "pending");
  app.dispose();
  await assert.rejects(promise, { name: "AbortError" });
});
