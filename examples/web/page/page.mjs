// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import { describe, duration, inspect } from "./inspector/inspector.mjs";
import init, * as module from "./pkg/waker_bug_module.js";
import { Pile } from "./pile.mjs";
import { Side } from "./side.mjs";
import { fetchSource, functionLines, pollLines } from "./source.mjs";

const byId = (id) => document.getElementById(id);
const chosen = (name) => document.querySelector(`input[name="${name}"]:checked`).value;

/// What the card of a function shows of the source.
const sources = {
    fetch_data_buggy: (lines) => [...pollLines(lines, "BuggyFuture"), ...functionLines(lines, "fetch_data_buggy")],
    fetch_data_correct: (lines) => functionLines(lines, "fetch_data_correct"),
    fetch_data_by_hand: (lines) => [
        ...pollLines(lines, "CorrectFuture").map((line) => ({ ...line, added: line.text.includes("->waker") })),
        ...functionLines(lines, "fetch_data_by_hand"),
    ],
    fetch_data_by_channel: (lines) => functionLines(lines, "fetch_data_by_channel"),
};

const functions = [
    { name: "get_user_data", args: [42], says: "Should bring a JSON text with id, name and email after 1.5 s. Buggy." },
    { name: "complex_async_operation", args: [], says: "Three buggy fetches in a chain: configuration, processing, finalizing. The first stops all three." },
    { name: "countdown_buggy", args: [3], says: "Counts down by seconds. Never comes past the first." },
    { name: "create_delayed_promise", args: [1000, "a value"], says: "A plain JavaScript Promise, made in C++. Nothing is wrong with it." },
];

const source = fetchSource("./waker_bug_module.cpp");
const options = inspect({
    into: byId("timeline"),
    title: "Timeline",
    readSource: (file) => (file.endsWith("/waker_bug_module.cpp") ? source : undefined),
    onLostWaker: chosen("policy"),
    development: true,
});
const { inspector } = options;
const { model } = inspector;
let app;

function trouble(error) {
    byId("trouble").textContent = `The module could not be loaded: ${error.message}`;
    byId("trouble").hidden = false;
    for (const control of document.querySelectorAll("button, input")) control.disabled = true;
    console.error(error);
}

// --- side by side ---

const announce = (text) => { byId("news").textContent = text; };
const buggy = new Side(byId("buggy"), model, announce);
const correct = new Side(byId("correct"), model, announce);

/// Calls a function of the module before the inspector's eyes. The Promise never rejects here: the inspector shows what came of it.
function run(name, args) {
    inspector.watch(name, () => module[name](...args)).catch(() => {});
    return model.calls.at(-1);
}

function runSide(side, name) {
    const delay = byId("delay").valueAsNumber;
    side.follow(run(name, [delay]), `await ${name}(${delay})`);
}

byId("controls").addEventListener("submit", (event) => {
    event.preventDefault();
    runSide(buggy, "fetch_data_buggy");
    runSide(correct, chosen("fix"));
});
byId("run-buggy").addEventListener("click", () => runSide(buggy, "fetch_data_buggy"));
byId("run-correct").addEventListener("click", () => runSide(correct, chosen("fix")));
byId("policy").addEventListener("change", () => app.setPolicy(chosen("policy")));

function showDelay() {
    byId("delay-text").textContent = `${(byId("delay").valueAsNumber / 1000).toFixed(1)} s`;
}
byId("delay").addEventListener("input", showDelay);

// --- the other functions ---

const rows = functions.map(({ name, args, says }) => {
    const row = document.createElement("li");
    const text = `${name}(${args.map(describe).join(", ")})`;
    const code = document.createElement("code");
    code.textContent = text;
    const what = document.createElement("p");
    what.textContent = says;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Call";
    button.setAttribute("aria-label", `Call ${name}`);
    const output = document.createElement("output");
    row.append(code, button, what, output);
    row.dataset.function = name;
    byId("functions").append(row);
    const record = { row, output, call: null };
    button.addEventListener("click", () => { record.call = run(name, args); });
    return record;
});

function drawRow({ row, output, call }) {
    if (!call) return;
    const took = duration((call.ended ?? model.now()) - call.began);
    row.dataset.state = { returned: "ready", threw: "failed", pending: "pending" }[call.state];
    const said = call.state === "pending" ? (call.task?.lost ? "hangs for ever" : "Pending") : describe(call.outcome).split("\n", 1)[0];
    const text = `${took}: ${said}`;
    if (output.textContent !== text) output.textContent = text;
}

// --- drawing: once a frame while something goes on ---

let drawing = false;
function draw() {
    drawing = false;
    const wakers = new Map(app.tasks().map(({ id, wakers }) => [id, wakers]));
    for (const side of [buggy, correct]) side.draw((id) => wakers.get(id) ?? 0);
    rows.forEach(drawRow);
    for (const side of [buggy, correct]) {
        const lost = side.call?.task?.lost && side.call.task.marks.findLast(({ type, line }) => type === "lost" && line);
        if (lost) side.mark(lost.line);
    }
    if (model.calls.some(({ state }) => state === "pending")) setTimeout(schedule, 50);
}
function schedule() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(draw);
}
model.onChange(schedule);

// --- the start ---

async function start() {
    app = await init(options);
    const lines = (await source).split("\n");
    const showSource = () => correct.show(sources[chosen("fix")](lines));
    buggy.show(sources.fetch_data_buggy(lines));
    showSource();
    byId("fix").addEventListener("change", showSource);
    showDelay();

    const pile = new Pile(byId("pile"), await WebAssembly.compileStreaming(fetch("./pkg/waker_bug_module_bg.wasm")));
    await pile.start();
    byId("pile-one").addEventListener("click", () => pile.call(1));
    byId("pile-many").addEventListener("click", () => pile.call(1000));
    byId("pile-clear").addEventListener("click", () => pile.start().catch(trouble));
    setInterval(() => pile.draw(), 500);
    document.body.dataset.loaded = "yes";
}
start().catch(trouble);
