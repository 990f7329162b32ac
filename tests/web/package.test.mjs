// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The npm package, in a project of its own: made by npm pack, installed, loaded in Node and in a worker, type-checked, bundled.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { buildFolder, wasmPath } from "./modules.mjs";

const run = promisify(execFile);
const tools = path.resolve(buildFolder, "../npm/node_modules/.bin");
let project;

before(async () => {
  project = await mkdtemp(path.join(tmpdir(), "rouse-web-"));
  const packed = (await readdir(path.join(buildFolder, "npm"))).find((name) => name.endsWith(".tgz"));
  await writeFile(path.join(project, "package.json"), JSON.stringify({ name: "scratch", type: "module", private: true }));
  await run("npm", ["install", "--no-audit", "--no-fund", path.join(buildFolder, "npm", packed)], { cwd: project });
  await copyFile(wasmPath("promises"), path.join(project, "app.wasm"));
});
after(() => rm(project, { recursive: true, force: true }));

const script = async (name, text) => {
  const file = path.join(project, name);
  await writeFile(file, text);
  return file;
};

for (const form of ["rouse-web", "rouse-web/min"]) {
  test(`${form} loads a module in Node`, async () => {
    const file = await script(
      "main.mjs",
      `import { load } from "${form}";
       const app = await load(new URL("app.wasm", import.meta.url));
       console.log(await app.exports.await_value(Promise.resolve("awaited")), app.exports.add(1, 2), app.liveHandles());`,
    );
    const { stdout } = await run(process.execPath, [file], { timeout: 60_000 }); // and it ends by itself
    assert.equal(stdout, "awaited 3 0\n");
  });
}

test("it loads in a worker, also a module that was compiled elsewhere", async () => {
  await script(
    "worker.mjs",
    `import { parentPort, workerData } from "node:worker_threads";
     import { load } from "rouse-web";
     const app = await load(workerData);
     parentPort.postMessage(await app.exports.await_value(Promise.resolve(42)));`,
  );
  const file = await script(
    "starts_worker.mjs",
    `import { Worker } from "node:worker_threads";
     import { load } from "rouse-web";
     const app = await load(new URL("app.wasm", import.meta.url));
     const worker = new Worker(new URL("worker.mjs", import.meta.url), { workerData: app.module });
     worker.on("message", (value) => console.log(value));`,
  );
  const { stdout } = await run(process.execPath, [file], { timeout: 60_000 });
  assert.equal(stdout, "42\n");
});

const typed = `import { load, type App, type TraceEvent } from "rouse-web";
interface Exports { await_value<T>(promise: Promise<T>): Promise<T>; add(a: number, b: number): number; }
const events: TraceEvent[] = [];
const app: App<Exports> = await load<Exports>(new URL("app.wasm", import.meta.url), {
  onLostWaker: "throw",
  trace: (event) => events.push(event),
});
const sum: number = app.exports.add(1, 2);
const text: string = await app.exports.await_value(Promise.resolve("x"));
for (const task of app.tasks()) console.log(task.name, task.awaiting.line, task.since);
app.setPolicy("report");
app.dispose();
console.log(sum, text, app.liveHandles());
`;
const checkTypes = (file) =>
  run(path.join(tools, "tsc"), ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom", file], { cwd: project });

test("its TypeScript definitions are right", async () => {
  await checkTypes(await script("good.mts", typed));
});

test("its TypeScript definitions find what is wrong", async () => {
  const wrong = await script("wrong.mts", typed.replace('setPolicy("report")', 'setPolicy("ignore")'));
  await assert.rejects(checkTypes(wrong), (error) => /"ignore"' is not assignable/.test(error.stdout));
});

test("Vite bundles it, and the module beside it", async () => {
  await mkdir(path.join(project, "site"));
  await script("site/index.html", '<!doctype html><script type="module" src="./main.js"></script>');
  await copyFile(wasmPath("promises"), path.join(project, "site", "app.wasm"));
  await script("site/main.js", 'import { load } from "rouse-web"; load(new URL("./app.wasm", import.meta.url)).then(console.log);');
  await run(path.join(tools, "vite"), ["build", "--logLevel", "error"], { cwd: path.join(project, "site") });
  const made = await readdir(path.join(project, "site", "dist", "assets"));
  assert.ok(made.some((name) => name.endsWith(".wasm")) && made.some((name) => name.endsWith(".js")), made.join(" "));
});

test("the inspector comes with it, typed, and Vite bundles it with its style", async () => {
  await checkTypes(
    await script(
      "inspected.mts",
      `import { load } from "rouse-web";
       import { inspect, Inspector } from "rouse-web/inspector";
       const options = inspect({ into: document.body, onLostWaker: "report", readSource: (file) => file });
       const app = await load("app.wasm", options);
       const promise: Promise<string> = options.inspector.watch("f", () => app.exports.f() as Promise<string>);
       new Inspector().remove();`,
    ),
  );
  await mkdir(path.join(project, "inspected"));
  await script("inspected/index.html", '<!doctype html><script type="module" src="./main.js"></script>');
  await script("inspected/main.js", 'import { inspect } from "rouse-web/inspector"; console.log(inspect());');
  await run(path.join(tools, "vite"), ["build", "--logLevel", "error"], { cwd: path.join(project, "inspected") });
  const made = await readdir(path.join(project, "inspected", "dist", "assets"));
  assert.ok(made.some((name) => name.endsWith(".css")), made.join(" "));
});
