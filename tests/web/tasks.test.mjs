// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import assert from "node:assert/strict";
import { test } from "node:test";

import { collectUntil, macrotask, start, stateOf } from "./modules.mjs";

// ---- no silence ----

test("a future that forgets its waker rejects the promise at once, with the report", async () => {
  const { app, exports, reports } = await start("tasks");
  const error = await exports.outer_buggy().then(assert.fail, (reason) => reason);
  assert.ok(error instanceof Error);
  assert.equal(error.name, "LostWaker");
  assert.match(error.message, /task 1 `outer_buggy` can never be woken again/);
  assert.match(error.message, /tests\/web\/tasks.cpp:\d+ +Forgetful returned Pending and kept no waker/);
  assert.match(error.message, /help: keep a clone of cx.waker\(\)/);
  const stack = error.stack.split("\n");
  assert.match(stack[0], /^LostWaker: hang/);
  assert.match(stack[1], /at fetch_data_buggy\(\) \(tests\/web\/tasks.cpp:\d+\)/);
  assert.match(stack[2], /at outer_buggy\(\) \(tests\/web\/tasks.cpp:\d+\)/);
  assert.equal(reports.length, 1);
  assert.equal(reports[0].kind, "lost");
  assert.equal(app.liveHandles(), 0);
  assert.deepEqual(app.tasks(), []);
});

test("a retry loop around a hang is one report, and every promise is rejected", async () => {
  const { exports, reports } = await start("tasks");
  for (let i = 0; i < 9; ++i) await assert.rejects(exports.fetch_data_buggy(), { name: "LostWaker" });
  assert.equal(reports.length, 1);
});

test("LostWaker can be caught in C++", async () => {
  const { exports } = await start("tasks");
  assert.equal(await exports.catch_lost(), "Forgetful");
});

test("a task that waits for its own lock is rejected with what it has and where it waits", async () => {
  const { app, exports } = await start("tasks");
  const error = await exports.locks_twice().then(assert.fail, (reason) => reason);
  assert.equal(error.name, "LockDeadlock");
  assert.match(error.message, /tests\/web\/tasks.cpp:\d+/);
  assert.deepEqual(app.tasks(), []);
  assert.equal(app.liveHandles(), 0);
});

test("of two tasks that await each other one is told, and both end", async () => {
  const { app, exports } = await start("tasks");
  assert.equal(await exports.await_each_other(), 1);
  await macrotask();
  assert.deepEqual(app.tasks(), []);
});

test("the last waker dropped unwoken rejects, and names who dropped it", async () => {
  const { app, exports } = await start("tasks");
  const promise = exports.wait_for_kept();
  assert.equal(await stateOf(promise), "pending");
  exports.drop_kept_waker();
  await assert.rejects(promise, (error) => error.name === "LostWaker" && /dropped unwoken \(by a call from JavaScript\)/.test(error.message));
  assert.equal(app.liveHandles(), 0);
});

test("the healthy look-alike is left alone: a waker that is kept, and woken later", async () => {
  const { exports, reports } = await start("tasks");
  const promise = exports.wait_for_kept();
  assert.equal(await stateOf(promise), "pending");
  exports.wake_kept_waker();
  assert.equal(await promise, undefined);
  assert.deepEqual(reports, []);
});

test("with the policy `report` it hangs as elsewhere, and the list of tasks shows it", async () => {
  const { app, exports, reports } = await start("tasks", { onLostWaker: "report" });
  const promise = exports.fetch_data_buggy();
  assert.equal(await stateOf(promise), "pending");
  assert.equal(reports.length, 1);
  const [task] = app.tasks();
  assert.equal(task.name, "fetch_data_buggy");
  assert.equal(task.state, "lost");
  assert.equal(task.wakers, 0);
  assert.equal(task.awaiting.type, "Forgetful");
  assert.match(task.awaiting.file, /tests\/web\/tasks.cpp$/);
  assert.ok(task.awaiting.line > 0 && task.polls === 1 && task.since <= performance.now());
  app.setPolicy("throw");
  await assert.rejects(exports.fetch_data_buggy(), { name: "LostWaker" });
  promise.catch(() => {});
  app.dispose();
});

test("a hang beside a timer is found at once, not when the time is up", async () => {
  const { exports } = await start("tasks");
  await assert.rejects(exports.buggy_in_time(3_600_000), { name: "LostWaker" });
});

test("a promise that was collected with its resolvers is found", async () => {
  const { app, exports } = await start("promises");
  let error;
  exports.await_value(new Promise(() => {})).catch((reason) => (error = reason));
  await collectUntil(() => error);
  assert.equal(error?.name, "LostWaker");
  assert.match(error.message, /the garbage collector: the Promise can never settle/);
  assert.equal(app.liveHandles(), 0);
});

test("the healthy look-alike is left alone: a promise that somebody can still resolve", async () => {
  const { exports, reports } = await start("promises");
  const resolvers = [];
  const promise = exports.await_value(new Promise((resolve) => resolvers.push(resolve)));
  await collectUntil(() => false, 10);
  assert.equal(await stateOf(promise), "pending");
  resolvers[0]("after all");
  assert.equal(await promise, "after all");
  assert.deepEqual(reports, []);
});

// rouse.mjs uses what it watches again, once it was called.
test("after many awaits, also slow ones, a promise that was collected is found, and the others are left alone", async () => {
  const { app, exports, reports } = await start("promises");
  const resolvers = [];
  const slow = () => exports.await_value(new Promise((resolve) => resolvers.push(resolve)));
  for (let round = 0; round < 3; ++round) {
    const settled = [slow(), slow(), slow()];
    await collectUntil(() => false, 2); // they are watched by now
    for (const resolve of resolvers.splice(0)) resolve(round);
    assert.deepEqual(await Promise.all(settled), [round, round, round]);
    await exports.await_times(100, Promise.resolve(1));
  }
  let error;
  const waiting = slow();
  exports.await_value(new Promise(() => {})).catch((reason) => (error = reason));
  await collectUntil(() => error);
  assert.equal(error?.name, "LostWaker");
  assert.equal(reports.length, 1);
  assert.equal(await stateOf(waiting), "pending");
  resolvers[0]("after all");
  assert.equal(await waiting, "after all");
  assert.equal(app.liveHandles(), 0);
});

test("an exception that nobody awaits is reported", async () => {
  const { exports, reports } = await start("tasks");
  exports.spawn_and_forget_error();
  await macrotask();
  assert.equal(reports.length, 1);
  assert.equal(reports[0].kind, "unhandled");
  assert.match(reports[0].text, /nobody awaits this/);
});

// ---- the scheduler ----

test("tasks run in the order of their wake-ups", async () => {
  const { exports } = await start("tasks");
  const seen = [];
  exports.in_order((i) => seen.push(i), 3, 3);
  assert.deepEqual(seen, []); // never inside of the call
  await macrotask();
  assert.deepEqual(seen, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
});

test("a batch is one microtask, between those of plain JavaScript", async () => {
  const { exports } = await start("tasks");
  const seen = [];
  queueMicrotask(() => seen.push("before"));
  exports.in_order((i) => seen.push(i), 2, 1);
  queueMicrotask(() => seen.push("after"));
  await macrotask();
  assert.deepEqual(seen, ["before", 0, 1, "after"]);
});

test("a task goes on in the microtask in which an await of JavaScript would", async () => {
  const { exports } = await start("promises");
  const seen = [];
  let resolve;
  const shared = new Promise((act) => (resolve = act));
  shared.then(() => seen.push("before"));
  exports.await_value(shared).then(() => seen.push("C++"));
  await macrotask(); // C++ registers in a microtask
  (async () => {
    await shared;
    await null;
    seen.push("JavaScript");
  })();
  resolve();
  await macrotask();
  assert.deepEqual(seen, ["before", "C++", "JavaScript"]);
});

test("plain microtasks have their turns while tasks are busy", async () => {
  const { exports } = await start("tasks");
  const busy = exports.wake_itself_for_ever();
  let turns = 0;
  while (turns < 100) {
    await null;
    ++turns;
  }
  exports.stop_loops();
  assert.ok((await busy) > 0);
});

for (const loop of ["wake_itself_for_ever", "await_resolved_for_ever"]) {
  test(`timers and I/O go on beside ${loop}`, async () => {
    const { exports } = await start("tasks");
    const busy = exports[loop](Promise.resolve());
    for (let i = 0; i < 5; ++i) await new Promise((resolve) => setTimeout(resolve, 1));
    for (let i = 0; i < 5; ++i) await macrotask();
    exports.stop_loops();
    assert.ok((await busy) > 100);
  });
}

test("tasks talk through channels", async () => {
  const { exports } = await start("tasks");
  assert.equal(await exports.channel_sum(1000), 499_500);
});

test("nothing runs when nothing is to do: the process may end", async () => {
  const { app, exports } = await start("tasks");
  await exports.switches(100);
  await macrotask();
  await macrotask();
  const immediates = process.getActiveResourcesInfo().filter((name) => name === "Immediate").length;
  assert.equal(immediates, 0);
  assert.deepEqual(app.tasks(), []);
});

// ---- timers ----

test("a sleep is never early", async () => {
  const { exports } = await start("tasks");
  for (const ms of [0, 1, 2.5, 7]) {
    const begin = performance.now();
    await exports.sleep_for(ms);
    assert.ok(performance.now() - begin >= ms, `${ms} ms`);
  }
});

test("sleeps end in the order of their deadlines", async () => {
  const { exports } = await start("tasks");
  const seen = [];
  await Promise.all([30, 10, 20].map((ms) => exports.sleep_for(ms).then(() => seen.push(ms))));
  assert.deepEqual(seen, [10, 20, 30]);
});

test("an interval ticks", async () => {
  const { exports } = await start("tasks");
  const seen = [];
  await exports.tick((i) => seen.push(i), 5, 1);
  assert.deepEqual(seen, [0, 1, 2, 3, 4]);
});

// ---- the end ----

test("a module that is torn down rejects what it owed, and nobody has to await it", async () => {
  const { app, exports } = await start("tasks");
  let unhandled = 0;
  const count = () => ++unhandled;
  process.on("unhandledRejection", count);
  const awaited = exports.sleep_for(3_600_000);
  exports.wait_for_kept(); // not awaited
  await macrotask();
  app.dispose();
  await assert.rejects(awaited, { name: "AbortError", message: "the module was torn down" });
  assert.throws(() => exports.print_line("too late"), { name: "AbortError" });
  await macrotask();
  process.off("unhandledRejection", count);
  assert.equal(unhandled, 0);
  assert.equal(app.liveHandles(), 0);
  assert.deepEqual(app.tasks(), []);
  app.dispose();
});

test("what settles after the end finds nothing", async () => {
  const { app, exports } = await start("promises");
  let resolve;
  const promise = exports.await_value(new Promise((act) => (resolve = act)));
  await macrotask();
  app.dispose();
  resolve(1);
  await assert.rejects(promise, { name: "AbortError" });
});

test("a trap poisons the module: it rejects what it owed, and takes no calls", async () => {
  const { app, exports, reports } = await start("promises");
  const owed = exports.await_value(new Promise(() => {}));
  exports.await_value(new Promise(() => {})); // nobody awaits it
  await macrotask();
  assert.throws(() => exports.trap(), /the module has stopped/);
  await assert.rejects(owed, /the module has stopped/);
  assert.throws(() => exports.add(1, 2), /the module has stopped/);
  assert.equal(reports.at(-1).kind, "trap");
  app.dispose();
});

test("what a call began when one within it has stopped the module is rejected too", async () => {
  const { exports } = await start("promises");
  const stops = {
    valueOf() {
      assert.throws(() => exports.trap(), /the module has stopped/);
      return 1;
    },
  };
  assert.throws(() => exports.await_times(stops, Promise.resolve(1)), /the module has stopped/);
});

test("a broken precondition stops the module with words", async () => {
  const { exports } = await start("promises");
  await assert.rejects(exports.poll_after_ready(Promise.resolve()), /JsFuture was polled after it had returned Ready/);
});

// ---- the trace ----

test("the trace tells what happens, in order", async () => {
  const events = [];
  const { exports } = await start("promises", { trace: (event) => events.push(event) });
  await exports.await_value(Promise.resolve(1));
  assert.deepEqual(
    events.map((event) => event.type),
    ["created", "polled", "promise_awaited", "waker_cloned", "pending", "promise_resolved", "woken", "polled", "ready"],
  );
  assert.ok(events.every((event) => event.task === 1 && event.at > 0));
  assert.equal(events[0].name, "await_value");
  const pending = events[3];
  assert.match(pending.file, /tests\/web\/promises.cpp$/);
  assert.ok(pending.line > 0);
});

test("the trace of a hang ends with the verdict", async () => {
  const events = [];
  const { exports } = await start("tasks", { trace: (event) => events.push(event) });
  await exports.fetch_data_buggy().catch(() => {});
  assert.deepEqual(events.map((event) => event.type), ["created", "polled", "pending", "lost", "polled", "failed"]);
});

test("the trace knows timers, rejections and cancellation", async () => {
  const events = [];
  const { app, exports } = await start("tasks", { trace: (event) => events.push(event) });
  await exports.sleep_for(1);
  assert.deepEqual(
    events.map((event) => event.type),
    ["created", "polled", "waker_cloned", "timer_set", "pending", "timer_fired", "woken", "polled", "ready"],
  );
  events.length = 0;
  exports.sleep_for(1000);
  await macrotask();
  app.dispose();
  assert.equal(events.at(-1).type, "cancelled");
});

test("a callback of the user's that throws stops nothing", async () => {
  const { exports } = await start("tasks", {
    trace: () => {
      throw new Error("thrown by trace");
    },
  });
  const seen = [];
  process.setUncaughtExceptionCaptureCallback((error) => seen.push(error.message));
  await exports.switches(2);
  await macrotask();
  process.setUncaughtExceptionCaptureCallback(null);
  assert.ok(seen.length > 0 && seen.every((message) => message === "thrown by trace"));
});

test("a trace may call the module, which awaits more Promises than ever before", async () => {
  let app;
  let count = 10;
  const never = new Promise(() => {});
  const trace = ({ type }) => {
    if (type === "promise_awaited" || type === "promise_resolved") app.exports.drop_futures(never, (count *= 2));
  };
  ({ app } = await start("promises", { trace }));
  assert.equal(await app.exports.await_times(3, Promise.resolve(2)), 6);
  assert.equal(app.liveHandles(), 0);
  assert.deepEqual(app.tasks(), []);
});

test("development: a measure for each task, a mark for each poll", async () => {
  const seen = [];
  const observer = new PerformanceObserver((list) => seen.push(...list.getEntries()));
  observer.observe({ entryTypes: ["mark", "measure"] });
  const { exports } = await start("promises", { development: true });
  await exports.await_value(Promise.resolve(1));
  for (let i = 0; i < 100 && seen.length < 3; ++i) await macrotask();
  observer.disconnect();
  assert.deepEqual(seen.map((entry) => `${entry.entryType} ${entry.name}`).sort(), [
    "mark await_value #1: poll",
    "mark await_value #1: poll",
    "measure await_value #1: ready",
  ]);
});

test("what C++ prints goes to print, by lines", async () => {
  const lines = [];
  const { exports } = await start("tasks", { print: (line) => lines.push(line) });
  exports.print_line("wéb ✓\nsecond");
  assert.deepEqual(lines, ["wéb ✓", "second"]);
});
