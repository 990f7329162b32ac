// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

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

// What the same thing comes to in JavaScript.
const outcome = async (act) => {
  try {
    return { value: await act() };
  } catch (error) {
    return { error };
  }
};
class Sub extends Promise {}
const withConstructor = (get) => Object.defineProperty(Promise.resolve("a value"), "constructor", { get });
const thrown = new Error("thrown");
const raise = () => {
  throw thrown;
};
const strange = {
  "a thenable that settles twice": () => ({ then: (resolve) => (resolve("first"), resolve("second")) }),
  "a thenable that resolves, then rejects": () => ({ then: (resolve, reject) => (resolve("first"), reject(thrown)) }),
  "a thenable that resolves, then throws": () => ({ then: (resolve) => (resolve("first"), raise()) }),
  "a thenable that throws, then settles": () => ({ then: (resolve) => (queueMicrotask(() => resolve("late")), raise()) }),
  "a thenable that settles at once and later": () => ({ then: (resolve) => (setImmediate(resolve, "late"), resolve("first")) }),
  "a thenable that gives a thenable": () => ({ then: (resolve) => resolve({ then: (_, reject) => reject(thrown) }) }),
  "a function with then": () => Object.assign(() => {}, { then: (resolve) => resolve("of a function") }),
  "a thenable without a prototype": () => Object.assign(Object.create(null), { then: (resolve) => resolve("bare") }),
  "a subclass of Promise": () => Sub.resolve("of a subclass"),
  "a subclass of Promise that is rejected": () => Sub.reject(thrown),
  "a Promise with a `then` of its own": () => Object.assign(Promise.resolve("a value"), { then: raise }),
  "a Promise whose `constructor` is another": () => withConstructor(() => Sub),
  "a Promise whose `constructor` is nothing": () => withConstructor(() => undefined),
  "a Promise whose `constructor` throws": () => withConstructor(raise),
  "a frozen Promise": () => Object.freeze(Promise.resolve("frozen")),
  "a sealed Promise that is rejected": () => Object.seal(Promise.reject(thrown)),
  "a Promise of another realm": () => runInNewContext("Promise.resolve('from afar')"),
  "a rejection of another realm": () => runInNewContext("(error) => Promise.reject(error)")(thrown),
  "a proxy of a Promise": () => new Proxy(Promise.resolve(1), {}),
  "what only looks like a Promise": () => Object.create(Promise.prototype),
  "what looks like a Promise, and is a thenable": () => Object.create(Promise.prototype, { then: { value: (resolve) => resolve("almost") } }),
  "an object that names Promise its constructor": () => ({ constructor: Promise, then: (resolve) => resolve("no Promise") }),
  "a proxy that answers no more": () => {
    const { proxy, revoke } = Proxy.revocable(Promise.resolve(1), {});
    revoke();
    return proxy;
  },
  "a Promise of a Promise": () => new Promise((resolve) => resolve(Promise.resolve("inner"))),
};
for (const [name, make] of Object.entries(strange)) {
  test(`${name} is awaited as JavaScript awaits it`, async () => {
    for (let i = 0; i < 3; ++i) {
      const [ours, theirs] = [await outcome(() => exports.await_value(make())), await outcome(() => make())];
      assert.deepEqual(Object.keys(ours), Object.keys(theirs));
      if (theirs.error === thrown) assert.equal(ours.error, thrown);
      else assert.deepEqual(ours, theirs);
      assert.equal(await exports.await_value(Promise.resolve("next")), "next");
    }
    await macrotask();
    await macrotask(); // what comes late
    noHandlesLeft();
  });
}

test("a Promise that cannot be asked is a rejection", async () => {
  let looks = 0;
  const Refusing = { [Symbol.species]: function () { raise(); } };
  const promise = withConstructor(() => (looks++ ? Refusing : Promise)); // `then` looks a second time
  await assert.rejects(exports.await_value(promise), (error) => error === thrown);
  assert.equal(await exports.await_value(Promise.resolve("next")), "next");
  noHandlesLeft();
});

test("who settles again does not reach the next await", async () => {
  let again;
  const twice = { then: (resolve) => (again = resolve)("first") };
  assert.equal(await exports.await_value(twice), "first");
  let wanted;
  const next = exports.await_value(new Promise((act) => (wanted = act)));
  await macrotask();
  again("second");
  assert.equal(await stateOf(next), "pending");
  wanted("the right one");
  assert.equal(await next, "the right one");
  noHandlesLeft();
});

test("an await does not look at what Promise.prototype has become", async () => {
  const { then } = Promise.prototype;
  const { resolve } = Promise;
  let looks = 0;
  Promise.prototype.then = function (...callbacks) {
    ++looks;
    return Reflect.apply(then, this, callbacks);
  };
  Promise.resolve = (value) => (++looks, Reflect.apply(resolve, Promise, [value]));
  try {
    assert.equal(await exports.await_times(3, Reflect.apply(resolve, Promise, [2])), 6);
    assert.equal(await exports.await_value("plain"), "plain");
  } finally {
    Promise.prototype.then = then;
    Promise.resolve = resolve;
  }
  assert.equal(looks, 0);
});

test("a number is itself on the other side, and a small integer takes no handle", async () => {
  const edge = 2 ** 29;
  for (const number of [0, -0, 1, -1, edge - 1, edge, -edge, -edge - 1, 2 ** 30, 2 ** 31, 2 ** 53, 0.5, NaN, Infinity]) {
    assert.ok(Object.is(await exports.await_value(Promise.resolve(number)), number), `${number}`);
    assert.ok(Object.is(await exports.await_times(1, Promise.resolve(number)), 0 + number), `${number}`);
    assert.equal(exports.describe(number), "number");
  }
  exports.hold(7);
  noHandlesLeft();
  assert.equal(exports.hold("seven"), 7);
  assert.equal(app.liveHandles(), 1);
  assert.equal(exports.hold(undefined), "seven");
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

test("a future that is dropped, and another that is awaited in the same turn", async () => {
  let late;
  const pending = new Promise((act) => (late = act));
  for (const dropped of [Promise.resolve("wrong"), Promise.reject(new Error("wrong")), pending, "plain"])
    assert.equal(await exports.drop_and_await(dropped, Promise.resolve("right")), "right");
  const same = Promise.resolve("both");
  assert.equal(await exports.drop_and_await(same, same), "both");
  late("too late");
  await macrotask();
  noHandlesLeft();
});

test("several are awaited at a time, each with a waker of its own", async () => {
  const resolvers = [];
  const promises = Array.from({ length: 4 }, () => new Promise((resolve) => resolvers.push(resolve)));
  const text = exports.as_they_settle(promises);
  await macrotask();
  for (const i of [2, 0, 3, 1]) {
    resolvers[i](i);
    await macrotask();
  }
  assert.equal(await text, "2031");
  assert.equal(await exports.join_both(Promise.resolve("a"), Promise.resolve("b")), "a b");
  assert.equal(await exports.join_both(new Promise((resolve) => setImmediate(resolve, "a")), Promise.resolve("b")), "a b");
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
