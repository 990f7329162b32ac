// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";

import { load } from "../../web/js/rouse.mjs";
import { macrotask, start, stateOf, wasmPath, wasmUrl } from "./modules.mjs";
import { readFile } from "node:fs/promises";

const { app, exports } = await start("promises");

const noHandlesLeft = () => assert.equal(app.liveHandles(), 0);

test("a promise's value goes to C++ and back", async () => {
  for (const value of [undefined, null, true, false, 0, -1.5, "wéb ✓", 10n, Symbol.iterator])
    assert.equal(await exports.await_value(Promise.resolve(value)), value);
  const object = { a: 1 };
  assert.equal(await exports.await_value(Promise.resolve(object)), object);
  noHandlesLeft();
});

test("a plain value and a thenable are awaited as JavaScript awaits them", async () => {
  assert.equal(await exports.await_value(5), 5);
  assert.equal(await exports.await_value({ then: (resolve) => resolve("from a thenable") }), "from a thenable");
  const bad = new Error("then throws");
  const thrower = {
    get then() {
      throw bad;
    },
  };
  await assert.rejects(exports.await_value(thrower), bad);
  noHandlesLeft();
});

test("a rejection is an exception in C++, and leaves it as the same value", async () => {
  const reason = new TypeError("no such thing");
  await assert.rejects(exports.await_value(Promise.reject(reason)), (error) => error === reason);
  await assert.rejects(exports.await_value(Promise.reject("a string")), (error) => error === "a string");
  assert.equal(await exports.catch_rejection(Promise.reject(reason)), "TypeError: no such thing");
  noHandlesLeft();
});

test("without exceptions a rejection is a result", async () => {
  assert.equal(await exports.await_result(Promise.resolve(1)), 1);
  await assert.rejects(exports.await_result(Promise.reject(new Error("as a result"))), /as a result/);
  noHandlesLeft();
});

test("a C++ exception always rejects with its message", async () => {
  await assert.rejects(exports.throw_after(Promise.resolve()), { name: "Error", message: "thrown in C++" });
  await assert.rejects(exports.throw_at_once(), { message: "thrown before any await" });
  await assert.rejects(exports.throw_int(), /no std::exception/);
  const value = { any: "value" };
  await assert.rejects(exports.throw_value(value), (error) => error === value);
  noHandlesLeft();
});

test("a synchronous function returns, and throws to its caller", () => {
  assert.equal(exports.add(1, 2), 3);
  assert.throws(() => exports.throw_at_call(), { message: "thrown to the caller" });
  assert.equal(exports.add(2, 2), 4);
  noHandlesLeft();
});

test("what cannot be converted rejects, or throws, and never passes through C++", async () => {
  const hostile = {
    valueOf() {
      throw new RangeError("not a number");
    },
  };
  assert.throws(() => exports.add(hostile, 1), RangeError);
  await assert.rejects(exports.await_times(hostile, 1), RangeError);
  assert.throws(() => exports.add(1n, Symbol("x")), TypeError);
  noHandlesLeft();
});

test("values of every type are told apart", () => {
  const all = { undefined, null: null, boolean: true, number: 1, string: "", symbol: Symbol(), bigint: 1n, function: test, object: [] };
  for (const [type, value] of Object.entries(all)) assert.equal(exports.describe(value), type);
  noHandlesLeft();
});

test("objects, arrays and JSON are made in C++", () => {
  assert.deepEqual(exports.make_object(), { text: "wéb ✓", number: 1.5, flag: true, nothing: null, list: [1, "two", {}] });
  assert.equal(exports.json_again('{"a":[1,2,{"b":null}]}'), '{"a":[1,2,{"b":null}]}');
  assert.throws(() => exports.json_again("{"), SyntaxError);
  assert.equal(exports.make_date(0), "1970-01-01T00:00:00.000Z");
  noHandlesLeft();
});

test("C++ calls JavaScript, and what that throws is its to handle", () => {
  assert.equal(exports.call_with((a, b) => a * b, 21), 42);
  assert.throws(() => exports.call_with(() => { throw new Error("from the callback"); }, 1), /from the callback/);
  assert.equal(exports.error_of_call(() => { throw new Error("seen"); }), "seen");
  assert.equal(exports.error_of_call(() => {}), "none");
  noHandlesLeft();
});

test("a closure of C++ is a function of JavaScript", () => {
  const count = exports.make_counter();
  assert.equal(count(2), 2);
  assert.equal(count(3), 5);
  assert.throws(() => count(), /how many/);
  noHandlesLeft();
});

test("C++ that is called by what it calls", () => {
  assert.equal(exports.call_with((a, b) => exports.add(a, b) + exports.make_counter()(1), 1), 4);
});

test("a dropped future is safe: a settlement that comes later finds nothing", async () => {
  let resolve, reject;
  exports.drop_future(new Promise((act) => (resolve = act)));
  exports.drop_future(new Promise((_, act) => (reject = act)));
  noHandlesLeft(); // it let go of the Promise as soon as it had registered
  resolve({ late: true });
  reject(new Error("late"));
  await macrotask();
  noHandlesLeft();
});

test("a settlement does not reach the next user of its place", async () => {
  let late;
  exports.drop_future(new Promise((act) => (late = act)));
  let wanted;
  const next = exports.await_value(new Promise((act) => (wanted = act)));
  await macrotask();
  late("the wrong one");
  assert.equal(await stateOf(next), "pending");
  wanted("the right one");
  assert.equal(await next, "the right one");
  noHandlesLeft();
});

test("a cancelled await lets go, and a timeout wins", async () => {
  let resolve;
  const never = new Promise((act) => (resolve = act));
  assert.equal(await exports.first_of(never, 1), "timed out");
  noHandlesLeft();
  assert.equal(await exports.first_of(Promise.resolve("in time"), 60_000), "in time");
  resolve();
  await macrotask();
  noHandlesLeft();
});

test("an aborted task tells who joins it", async () => {
  assert.match(await exports.abort_inner(new Promise(() => {})), /was cancelled/);
  noHandlesLeft();
});

test("a rejection that nobody awaits yet is not reported as unhandled", async () => {
  let unhandled = 0;
  const count = () => ++unhandled;
  process.on("unhandledRejection", count);
  const second = Promise.reject(new Error("second"));
  second.catch(() => {});
  await assert.rejects(exports.await_twice(Promise.resolve("first"), second), /second/);
  exports.drop_future(Promise.reject(new Error("dropped")));
  await macrotask();
  process.off("unhandledRejection", count);
  assert.equal(unhandled, 0);
});

test("100,000 awaits leave no handle behind and take no memory", async () => {
  await exports.await_times(20_000, Promise.resolve(1));
  const before = app.memory.buffer.byteLength;
  assert.equal(await exports.await_times(100_000, Promise.resolve(1)), 100_000);
  for (let i = 0; i < 1000; ++i) await exports.await_value(i);
  assert.equal(app.memory.buffer.byteLength, before);
  noHandlesLeft();
  assert.deepEqual(app.tasks(), []);
});

test("a thousand tasks at a time", async () => {
  const values = await Promise.all(Array.from({ length: 1000 }, (_, i) => exports.await_value(Promise.resolve(i))));
  assert.deepEqual(values, Array.from({ length: 1000 }, (_, i) => i));
  noHandlesLeft();
});

test("fetch", async () => {
  const server = http.createServer((request, response) => response.writeHead(request.url === "/missing" ? 404 : 200).end("the body"));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  try {
    assert.equal(await exports.fetch_text(`${base}/`), "200 the body");
    assert.equal(await exports.fetch_text(`${base}/missing`), "404 the body");
    await assert.rejects(exports.fetch_text("nonsense:"), TypeError);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  noHandlesLeft();
});

test("a closure dies when JavaScript has collected its function", async () => {
  const before = app.memory.buffer.byteLength;
  for (let round = 0; round < 20; ++round) {
    for (let i = 0; i < 5000; ++i) exports.make_counter();
    await macrotask();
    globalThis.gc();
    await macrotask();
  }
  assert.ok(app.memory.buffer.byteLength <= before + 2 ** 20, "100,000 closures of 32 bytes or more would have grown it");
});

test("a module loads from each kind of source", async () => {
  const bytes = await readFile(wasmPath("promises"));
  const typed = { headers: { "content-type": "application/wasm" } };
  const sources = {
    URL: wasmUrl("promises"),
    "the text of a URL": wasmUrl("promises").href,
    "a Response": new Response(bytes, typed),
    "a Response without its type": new Response(bytes),
    "a Promise of a Response": Promise.resolve(new Response(bytes, typed)),
    bytes,
    "an ArrayBuffer": bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
    "a Module": app.module,
  };
  for (const [kind, source] of Object.entries(sources)) {
    const fresh = await load(source);
    assert.equal(fresh.exports.add(1, 2), 3, kind);
    assert.equal(await fresh.exports.await_value(kind), kind);
  }
  await assert.rejects(load(new Response("gone", { status: 404 })), /404/);
  await assert.rejects(load(app.module, { onLostWaker: "ignore" }), TypeError);
});
