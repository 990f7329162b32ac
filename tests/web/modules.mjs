// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The modules under test, and small things that the tests share. ROUSE_WEB_BUILD names the build folder.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import path from "node:path";

import { load } from "../../web/js/rouse.mjs";

export const buildFolder = path.resolve(process.env.ROUSE_WEB_BUILD ?? "build/web");
export const wasmPath = (name) => path.join(buildFolder, "tests", `${name}.wasm`);
export const wasmUrl = (name) => pathToFileURL(wasmPath(name));

const compiled = new Map();
/** A fresh instance; what it reports is kept in `reports`. */
export const start = async (name, options = {}) => {
  if (!compiled.has(name)) compiled.set(name, readFile(wasmPath(name)).then((bytes) => WebAssembly.compile(bytes)));
  const reports = [];
  const app = await load(await compiled.get(name), {
    report: (text, info) => reports.push({ text, ...info }),
    ...options,
  });
  return { app, exports: app.exports, reports };
};

export const macrotask = () => new Promise((resolve) => setImmediate(resolve));

/** Collects garbage until `done()`, or `turns` turns of the event loop. */
export const collectUntil = async (done, turns = 100) => {
  for (let i = 0; i < turns && !done(); ++i) {
    await macrotask();
    globalThis.gc();
  }
};

/** "pending", or how the Promise has settled by now. */
export const stateOf = (promise) =>
  Promise.race([promise.then(() => "resolved", () => "rejected"), macrotask().then(() => "pending")]);
