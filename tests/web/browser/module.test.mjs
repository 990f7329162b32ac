// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/// The module of the waker bug, and the inspector, in pages that are not ours.

import assert from "node:assert/strict";
import { test } from "node:test";

import { timelineEvents, withBrowser } from "./support.mjs";

const all = withBrowser();
const blank = "pages/blank.html";

test("a_page_that_only_calls_init_has_the_functions_and_the_default_policy", async () => {
    const page = await all.open(blank);
    const result = await page.evaluate(async () => {
        const module = await import("../pkg/waker_bug_module.js");
        await module.default();
        const told = (promise) => promise.then((value) => value, (error) => `${error.name}: ${error.message.split("\n")[0]}`);
        return {
            names: Object.keys(module).sort(),
            plain: await module.create_delayed_promise(5, { any: "value" }),
            correct: await module.fetch_data_correct(5),
            by_hand: await module.fetch_data_by_hand(5),
            by_channel: await module.fetch_data_by_channel(5),
            buggy: await told(module.fetch_data_buggy(5)),
            user: await told(module.get_user_data(7)),
            complex: await told(module.complex_async_operation()),
            countdown: await told(module.countdown_buggy(2)),
        };
    });
    assert.deepEqual(result.names, [
        "complex_async_operation", "countdown_buggy", "create_delayed_promise", "default", "fetch_data_buggy", "fetch_data_by_channel",
        "fetch_data_by_hand", "fetch_data_correct", "get_user_data",
    ]);
    assert.deepEqual(result.plain, { any: "value" });
    for (const name of ["correct", "by_hand", "by_channel"]) assert.equal(result[name], "the data that took 5 ms");
    for (const [key, name] of [["buggy", "fetch_data_buggy"], ["user", "get_user_data"], ["complex", "complex_async_operation"], ["countdown", "countdown_buggy"]]) {
        assert.match(result[key], new RegExp(`^LostWaker: hang: task \\d+ \`${name}\` can never be woken again$`));
    }
    // Step by step on the console.
    for (const line of [/BuggyFuture: polled for the first time/, /BuggyFuture: Pending/, /step 1 of 3/, /countdown_buggy: 2/, /CorrectFuture: the result is here/]) {
        assert.ok(page.said.some((said) => line.test(said)), `the console has no ${line}`);
    }
    assert.ok(!page.said.some((said) => /step 2 of 3/.test(said)));
});

test("init_takes_the_policy_report_and_the_call_hangs", async () => {
    const page = await all.open(blank);
    const result = await page.evaluate(async () => {
        const module = await import("../pkg/waker_bug_module.js");
        const reports = [];
        let reported;
        const hung = new Promise((resolve) => { reported = resolve; });
        const app = await module.default({ onLostWaker: "report", report: (text) => { reports.push(text); reported(); }, print: () => {} });
        let settled = false;
        module.fetch_data_buggy(5).finally(() => { settled = true; });
        await hung;
        await module.fetch_data_correct(20); // longer than the operation of the other
        return { settled, reports, lost: app.tasks().filter(({ state }) => state === "lost").map(({ name }) => name) };
    });
    assert.equal(result.settled, false);
    assert.equal(result.reports.length, 1);
    assert.match(result.reports[0], /^hang: /);
    assert.deepEqual(result.lost, ["fetch_data_buggy"]);
});

test("a_call_before_init_says_so", async () => {
    const page = await all.open(blank);
    const message = await page.evaluate(async () => {
        const { fetch_data_correct } = await import("../pkg/waker_bug_module.js");
        try {
            return await fetch_data_correct(1);
        } catch (error) {
            return error.message;
        }
    });
    assert.equal(message, "fetch_data_correct: call init() first, and wait for it");
});

test("init_loads_once_and_tries_again_after_a_failure", async () => {
    const page = await all.open(blank);
    const result = await page.evaluate(async () => {
        const { default: init } = await import("../pkg/waker_bug_module.js");
        const failed = await init("../pkg/none.wasm").catch((error) => error.message);
        const [first, second] = await Promise.all([init(), init()]);
        return { failed, same: first === second, again: first === (await init({ onLostWaker: "report" })) };
    });
    assert.match(result.failed, /none\.wasm: 404/);
    assert.deepEqual([result.same, result.again], [true, true]);
});

test("the_module_runs_in_a_worker", async () => {
    const page = await all.open(blank);
    const result = await page.evaluate(() => new Promise((resolve, reject) => {
        const worker = new Worker("./worker.mjs", { type: "module" });
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
    }));
    assert.equal(result.correct, "the data that took 20 ms");
    assert.equal(result.buggy.name, "LostWaker");
    assert.match(result.buggy.message, /^hang: /);
    assert.ok(result.events.some(({ type }) => type === "lost"));
    assert.deepEqual(page.faults, []);
});

test("the_inspector_shows_what_a_worker_posts", async () => {
    const page = await all.open(blank);
    await page.evaluate(async () => {
        const { Inspector } = await import("../inspector/inspector.mjs");
        const inspector = new Inspector();
        const worker = new Worker("./worker.mjs", { type: "module" });
        worker.onmessage = ({ data }) => data.events.forEach((event) => inspector.event({ ...event, at: event.at - performance.timeOrigin }));
    });
    await page.locator('.mark[aria-label^="lost: fetch_data_buggy"]').waitFor();
    await page.locator('.mark[aria-label^="Ready: fetch_data_correct"]').waitFor();
});

test("any_page_shows_the_inspector_with_one_call", async () => {
    const page = await all.open(blank);
    await page.evaluate(async () => {
        const [{ inspect }, { load }] = await Promise.all([import("../inspector/inspector.mjs"), import("../pkg/rouse.mjs")]);
        const app = await load("../pkg/waker_bug_module_bg.wasm", inspect());
        await app.exports.fetch_data_correct(10);
        await app.exports.fetch_data_buggy(10).catch(() => {});
    });
    await page.locator('.mark[aria-label^="Ready: operation"]').waitFor();
    const events = (await timelineEvents(page)).map((event) => event.split(":")[0]);
    for (const kind of ["created", "polled", "then()", "waker cloned", "Pending", "resolved", "woken", "Ready", "lost", "failed"]) assert.ok(events.includes(kind), `no ${kind}`);
    await page.locator(".report").waitFor();
    await all.picture(page, "inspector-elsewhere");
    // It can be folded away, and taken out.
    await page.locator(".dock > summary").click();
    await page.locator(".scroll").waitFor({ state: "hidden" });
});

test("the_inspector_hands_events_and_reports_on_and_goes_away", async () => {
    const page = await all.open(blank);
    const result = await page.evaluate(async () => {
        const [{ inspect }, { load }] = await Promise.all([import("../inspector/inspector.mjs"), import("../pkg/rouse.mjs")]);
        const seen = [];
        const reports = [];
        const options = inspect({ trace: ({ type }) => seen.push(type), report: (text) => reports.push(text), print: () => {} });
        const app = await load("../pkg/waker_bug_module_bg.wasm", options);
        await app.exports.fetch_data_buggy(10).catch(() => {});
        options.inspector.remove();
        await app.exports.fetch_data_correct(5);
        return { seen, reports: reports.length, panels: document.querySelectorAll(".rouse-inspector").length };
    });
    assert.ok(result.seen.includes("lost") && result.seen.includes("ready"));
    assert.deepEqual([result.reports, result.panels], [1, 0]);
    assert.deepEqual(page.faults, []);
});

test("a_development_build_marks_its_tasks_in_the_performance_timeline", async () => {
    const page = await all.open(blank);
    const names = await page.evaluate(async () => {
        const { load } = await import("../pkg/rouse.mjs");
        const seen = [];
        const measured = new Promise((resolve) => {
            new PerformanceObserver((list) => {
                for (const { entryType, name } of list.getEntries()) seen.push(`${entryType} ${name.replace(/\d+/, "N")}`);
                if (seen.some((entry) => entry.startsWith("measure fetch_data_correct"))) resolve();
            }).observe({ entryTypes: ["mark", "measure"] });
        });
        const app = await load("../pkg/waker_bug_module_bg.wasm", { development: true, print: () => {} });
        await app.exports.fetch_data_correct(10);
        await measured;
        return seen;
    });
    assert.deepEqual(names.filter((name) => name.includes("fetch_data_correct")).sort(), [
        "mark fetch_data_correct #N: poll", "mark fetch_data_correct #N: poll", "measure fetch_data_correct #N: ready",
    ]);
});

test("a_promise_that_was_garbage_collected_loses_its_task", async () => {
    const page = await all.open(blank);
    const message = await page.evaluate(async () => {
        const module = await import("../pkg/waker_bug_module.js");
        const app = await module.default({ report: () => {}, print: () => {} });
        // The only one who could resolve the Promise forgets to.
        const setTimeoutAsItIs = globalThis.setTimeout;
        globalThis.setTimeout = () => 0;
        let outcome;
        module.fetch_data_correct(10).then((value) => { outcome = value; }, (error) => { outcome = `${error.name}: ${error.message}`; });
        while (app.tasks()[0]?.state !== "idle") await null; // until its first poll is over
        globalThis.setTimeout = setTimeoutAsItIs;
        for (let n = 0; n < 100 && outcome === undefined; ++n) {
            gc();
            await new Promise((resolve) => setTimeout(resolve));
        }
        return outcome;
    });
    assert.match(message, /^LostWaker: hang: task \d+ `fetch_data_correct` can never be woken again\n/);
    assert.match(message, /garbage collect/);
});
