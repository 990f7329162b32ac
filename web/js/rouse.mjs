// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The JavaScript half of rouse: loads a module, keeps the values that C++ refers to, and lends it the event loop. What
// each import promises is said in web/include/rouse/web/imports.hpp. No exception leaves an import: it would run
// through C++ frames, where nothing can catch it.

const events = (
  "created polled pending waker_cloned waker_dropped woken ready failed lost cancelled " +
  "promise_awaited promise_resolved promise_rejected timer_set timer_fired promise_collected"
).split(" ");
const phases = ["idle", "queued", "running", "lost"];
const types = ["undefined", "null", "boolean", "number", "string", "symbol", "bigint", "function", "object"];
const fromMicrotask = 1;
const fromMacrotask = 3;
const fromTimer = 4;
const longestTimeout = 0x7fffffff;
const firstNumber = 0x40000000; // among the handles
const zero = 0x60000000;

// What JavaScript had when this was loaded: whatever becomes of the global ones, both belong together.
const Promises = Promise;
const { resolve } = Promises;
const { then } = Promises.prototype;
const keptTokens = 256;

const compile = async (given) => {
  let source = await given;
  if (source instanceof WebAssembly.Module) return source;
  if (typeof source === "string" || source instanceof URL) {
    const url = new URL(source, globalThis.location?.href ?? import.meta.url);
    if (url.protocol === "file:" && globalThis.process?.versions?.node) {
      const node = "node:fs/promises"; // a name that bundlers leave alone
      source = await (await import(/* @vite-ignore */ node)).readFile(url);
    } else {
      source = await fetch(url);
    }
  }
  if (!source.arrayBuffer) return WebAssembly.compile(source);
  if (source.ok === false) throw new Error(`${source.url}: ${source.status} ${source.statusText}`);
  return source.headers?.get("content-type")?.startsWith("application/wasm")
    ? WebAssembly.compileStreaming(source)
    : WebAssembly.compile(await source.arrayBuffer());
};

/** Loads a module that was linked with rouse's web library. See rouse.d.ts. */
export const load = async (source, options = {}) => {
  if (options.development) options = (await import("./development.mjs")).development(options);
  const { onLostWaker, print = console.log, report = (text) => console.error(text), trace } = options;

  const clock = performance; // Node finds it by a getter
  let wasm; // what the module exports
  let tellSettled; // of it, the one that is called for each await
  let bytes = new Uint8Array();
  let dead; // why no call goes to the module any more
  let closing = false;
  let lastWords;

  // ---- the values that C++ refers to ----

  // A handle is a place in `values`, or an integer of 30 bits, which needs none. A place that is free has the next one's number.
  const values = [undefined, null, true, false];
  const fixed = values.length;
  let free = 0; // none
  const put = (value) => {
    switch (value) {
      case undefined:
        return 0;
      case null:
        return 1;
      case true:
        return 2;
      case false:
        return 3;
    }
    if (typeof value === "number" && (value << 2) >> 2 === value && (value || 1 / value > 0)) return value + zero;
    if (!free) return values.push(value) - 1;
    const handle = free;
    free = values[handle];
    values[handle] = value;
    return handle;
  };
  const valueAt = (handle) => (handle < firstNumber ? values[handle] : handle - zero);
  const drop = (handle) => {
    values[handle] = free;
    free = handle;
  };
  const take = (handle) => {
    const value = valueAt(handle);
    if (handle >= fixed && handle < firstNumber) drop(handle);
    return value;
  };

  // ---- memory ----

  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const encoder = new TextEncoder();
  // Growing detaches the view.
  const memory = () => (bytes.length ? bytes : (bytes = new Uint8Array(wasm.memory.buffer)));
  const view = () => new DataView(memory().buffer);
  const text = (at, size) => decoder.decode(memory().subarray(at, at + size));
  const list = (at, count) => Array.from(new Uint32Array(memory().buffer, at, count), valueAt);

  // ---- calls in both directions ----

  const reply =
    (act) =>
    (...given) => {
      try {
        return put(act(...given));
      } catch (error) {
        return ~put(error);
      }
    };
  // What the user handed to us is no reason to stop: its errors go where those of a callback go.
  const told = (act) => {
    try {
      act();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
  const settleOwed = (owed, resolved, value) => {
    debts.delete(owed);
    if (closing) then.call(owed.promise, undefined, () => {}); // nobody may be awaiting it any more
    const settle = () => (resolved ? owed.resolve(value) : owed.reject(value));
    owed.task ? owed.task.run(settle) : settle();
  };
  const debts = new Set();
  const end = (error) => {
    closing = true;
    dead = error;
    clearTimeout(timer);
    channel?.port1.close();
    for (const owed of debts) settleOwed(owed, false, error);
  };
  // A trap leaves the module in the middle of something: it is over.
  const poison = (error) => {
    if (dead) return;
    end(new Error(lastWords ?? `the module has stopped: ${error.message ?? error}`, { cause: error }));
    told(() => report(dead.message, { kind: "trap" }));
  };
  const enter = (name, ...given) => {
    if (dead) return;
    try {
      return wasm["rouse." + name](...given);
    } catch (error) {
      poison(error);
    }
  };
  const call = (act) => {
    if (dead) throw dead;
    let answer;
    try {
      answer = act();
    } catch (error) {
      poison(error);
    }
    if (dead) throw dead; // or a call within this one has stopped it
    if (answer < 0) throw take(~answer);
    return take(answer);
  };
  const closures = new FinalizationRegistry((closure) => enter("drop_closure", closure));

  // ---- the event loop ----

  let timer;
  let channel;
  let macrotaskAsked = false;
  let turnAsked = false;
  const macrotask = () => {
    if (macrotaskAsked || dead) return;
    macrotaskAsked = true;
    if (globalThis.setImmediate) return void setImmediate(onMacrotask);
    if (!channel) {
      channel = new MessageChannel();
      channel.port1.onmessage = onMacrotask;
    }
    channel.port2.postMessage(0);
  };
  const onMacrotask = () => {
    macrotaskAsked = false;
    watch();
    if (!turnAsked) return;
    turnAsked = false;
    enter("turn", fromMacrotask);
  };
  const soon = resolve.call(Promises); // half the price of queueMicrotask
  const onMicrotask = () => enter("turn", fromMicrotask);

  // ---- promises that C++ awaits ----

  // Both callbacks of a Promise have a token, and nothing else refers to it: when the collector takes it, neither can be called
  // any more. Most settle soon, so a token is watched from the next macrotask on; until then it is in `young`. It is used again,
  // with its callbacks, when one of them was called: they are given to Promises of our own only (`resolve` wraps all others), and
  // of those each calls one of them, once.
  const collected = new FinalizationRegistry(([place, generation]) => enter("collected", place, generation));
  const young = [];
  const watch = () => {
    for (const token of young) if (token) collected.register(token, [token.place, token.generation], token);
    young.length = 0;
  };
  const unused = [];
  const settled = (token, resolved, value) => {
    const { place, generation } = token;
    if (young[place] === token) young[place] = undefined;
    else collected.unregister(token);
    if (unused.length < keptTokens) unused.push(token);
    if (dead) return;
    try {
      tellSettled(place, generation, resolved, put(value));
    } catch (error) {
      poison(error);
    }
  };
  const makeToken = () => {
    const token = { place: 0, generation: 0 };
    token.resolved = (value) => settled(token, 1, value);
    token.rejected = (error) => settled(token, 0, error);
    return token;
  };
  const awaitPromise = (handle, place, generation) => {
    try {
      const promise = resolve.call(Promises, valueAt(handle));
      const token = unused.length ? unused.pop() : makeToken();
      token.place = place;
      token.generation = generation;
      then.call(promise, token.resolved, token.rejected);
      // An older one of this place is of a future that is gone: nobody wants to hear of it.
      young[place] = token;
    } catch (error) {
      return ~put(error);
    }
    macrotask();
    return 0;
  };

  // ---- what the module imports ----

  let failure;
  let pendingText;
  let rows;
  const rouse = {
    drop,
    clone: (handle) => put(valueAt(handle)),
    number: put,
    string: (at, size) => put(text(at, size)),
    object: () => put({}),
    array: () => put([]),
    global: reply((at, size) => globalThis[text(at, size)]),
    error: (name, nameSize, message, messageSize, stack, stackSize) => {
      const error = new Error(text(message, messageSize));
      error.name = text(name, nameSize);
      if (stackSize) error.stack = text(stack, stackSize);
      return put(error);
    },
    function: (closure) => {
      const act = (...given) => call(() => wasm["rouse.call"](closure, put(given)));
      closures.register(act, closure);
      return put(act);
    },
    type: (handle) => types.indexOf(valueAt(handle) === null ? "null" : typeof valueAt(handle)),
    truthy: (handle) => (valueAt(handle) ? 1 : 0),
    equal: (a, b) => (valueAt(a) === valueAt(b) ? 1 : 0),
    to_number: (handle) => {
      try {
        return Number(valueAt(handle));
      } catch (error) {
        failure = error;
        return NaN;
      }
    },
    take_error: () => {
      const error = failure;
      failure = undefined;
      return put(error);
    },
    text: (handle) => {
      try {
        return (pendingText = encoder.encode(String(valueAt(handle)))).length;
      } catch (error) {
        return ~put(error);
      }
    },
    copy_text: (to) => {
      memory().set(pendingText, to);
      pendingText = undefined;
    },
    get: reply((object, key, size) => valueAt(object)[text(key, size)]),
    get_at: reply((object, index) => valueAt(object)[index]),
    set: reply((object, key, size, value) => void (valueAt(object)[text(key, size)] = valueAt(value))),
    set_at: reply((object, index, value) => void (valueAt(object)[index] = valueAt(value))),
    call: reply((act, self, given, count) => Reflect.apply(valueAt(act), valueAt(self), list(given, count))),
    invoke: reply((object, method, size, given, count) => valueAt(object)[text(method, size)](...list(given, count))),
    construct: reply((constructor, given, count) => Reflect.construct(valueAt(constructor), list(given, count))),
    instance_of: reply((value, constructor) => valueAt(value) instanceof valueAt(constructor)),

    await: awaitPromise,
    owe: (at, size) => {
      const owed = {};
      owed.promise = new Promises((resolve, reject) => {
        owed.resolve = resolve;
        owed.reject = reject;
      });
      if (options.development) owed.task = console.createTask?.(text(at, size) || "a C++ task");
      debts.add(owed);
      if (dead) settleOwed(owed, false, dead); // a call within this one has stopped it
      return put(owed);
    },
    promise_of: (handle) => put(valueAt(handle).promise),
    settle: (handle, resolved, value) => settleOwed(take(handle), resolved, take(value)),

    microtask: () => void then.call(soon, onMicrotask),
    macrotask: () => {
      turnAsked = true;
      macrotask();
    },
    timer: (milliseconds) => {
      clearTimeout(timer);
      if (milliseconds >= 0)
        timer = setTimeout(() => enter("turn", fromTimer), Math.min(milliseconds, longestTimeout));
    },
    now: () => clock.now(),
    date: () => Date.now(),

    report: (kind, kindSize, at, size, task) =>
      told(() => report(text(at, size), { kind: text(kind, kindSize), task })),
    stop: (at, size) => {
      lastWords = text(at, size);
    },
    trace: (type, task, name, nameSize, detail, detailSize, file, fileSize, line) =>
      told(() => {
        const event = { type: events[type], at: performance.now(), task, name: text(name, nameSize) };
        if (detailSize) event.detail = text(detail, detailSize);
        if (fileSize) {
          event.file = text(file, fileSize);
          event.line = line;
        }
        trace(event);
      }),
    task: (id, name, nameSize, phase, polls, wakers, age, type, typeSize, waits, waitsSize, file, fileSize, line) => {
      rows.push({
        id,
        name: text(name, nameSize),
        state: phases[phase],
        polls,
        wakers,
        awaiting: {
          type: text(type, typeSize),
          kind: text(waits, waitsSize),
          file: text(file, fileSize),
          line,
        },
        since: performance.now() - age,
      });
    },
  };

  // What the C++ library asks of a system. There are no files, no arguments and no environment.
  const lines = ["", "", ""];
  const wasi = {
    fd_write: (descriptor, parts, count, written) => {
      if (!(descriptor in lines)) return 8;
      let total = 0;
      for (let i = 0; i < count; ++i) {
        const size = view().getUint32(parts + 8 * i + 4, true);
        lines[descriptor] += text(view().getUint32(parts + 8 * i, true), size);
        total += size;
      }
      view().setUint32(written, total, true);
      const whole = lines[descriptor].split("\n");
      lines[descriptor] = whole.pop();
      for (const line of whole) told(() => print(line));
      return 0;
    },
    clock_time_get: (clock, precision, to) => {
      const ns = Math.round((clock ? performance.now() : Date.now()) * 1e6);
      view().setUint32(to, ns % 2 ** 32, true);
      view().setUint32(to + 4, ns / 2 ** 32, true);
      return 0;
    },
    random_get: (at, size) => {
      crypto.getRandomValues(memory().subarray(at, at + size));
      return 0;
    },
    environ_sizes_get: (count, size) => {
      view().setUint32(count, 0, true);
      view().setUint32(size, 0, true);
      return 0;
    },
    environ_get: () => 0,
    sched_yield: () => 0,
    // Characters, to which C++ writes line by line.
    fd_fdstat_get: (descriptor, to) => {
      if (!(descriptor in lines)) return 8;
      memory().fill(0, to, to + 24);
      view().setUint8(to, 2);
      return 0;
    },
    fd_close: () => 0,
    fd_prestat_get: () => 8,
  };
  const nosys = () => 52;

  const module = await compile(source);
  const instance = await WebAssembly.instantiate(module, {
    ...options.imports,
    rouse,
    wasi_snapshot_preview1: new Proxy(wasi, { get: (calls, name) => calls[name] ?? nosys }),
  });
  wasm = instance.exports;
  tellSettled = wasm["rouse.settled"];
  const exports = {};
  for (const name in wasm) {
    if (!name.startsWith("fn.")) continue;
    const act = wasm[name];
    exports[name.slice(3)] = (...given) => call(() => act(put(given)));
  }
  const app = {
    exports,
    module,
    memory: wasm.memory,
    setPolicy: (policy) => {
      if (policy !== "throw" && policy !== "report") throw new TypeError(`onLostWaker is "throw" or "report", not ${policy}`);
      enter("set_policy", policy === "report" ? 1 : 0);
    },
    tasks: () => {
      rows = [];
      enter("tasks");
      return rows;
    },
    liveHandles: () => {
      let count = values.length - fixed;
      for (let handle = free; handle; handle = values[handle]) --count;
      return count;
    },
    dispose: () => {
      if (dead) return;
      closing = true;
      enter("close");
      end(Object.assign(new Error("the module was torn down"), { name: "AbortError" }));
    },
  };
  wasm._initialize?.();
  if (trace) enter("set_traced", 1);
  app.setPolicy(onLostWaker ?? "throw");
  if (dead) throw dead;
  return app;
};
