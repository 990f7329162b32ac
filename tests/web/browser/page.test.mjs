// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import assert from "node:assert/strict";
import { test } from "node:test";

import { dark, openPage, phone, timelineEvents, until, wide, withBrowser } from "./support.mjs";

const all = withBrowser();
const blank = "pages/blank.html";

const text = (page, selector) => page.locator(selector).innerText();
/// polls, wakers alive, wakers cloned, wakes
const numbers = (page, side) => page.locator(`#${side} .numbers dd`).allInnerTexts().then((texts) => texts.map(Number));
const verdicts = (page, side) => page.locator(`#${side} .checklist li`).evaluateAll((items) => items.map(({ dataset }) => dataset.verdict));
const ofTask = (events, name) => events.filter((event) => event.includes(name)).map((event) => event.split(":")[0]);

test("the_page_loads_without_errors", async () => {
    const page = await openPage(all, wide);
    assert.deepEqual(page.faults, []);
    assert.equal(await page.title(), "The waker bug · rouse");
    assert.match(await text(page, "#buggy .source pre"), /poll\(rouse::Context&\)/);
    assert.equal(await page.locator("#trouble").isHidden(), true);
    await all.picture(page, "idle");
});

test("a_module_that_cannot_be_loaded_is_said", async () => {
    const page = await all.open(blank);
    await page.route("**/*.wasm", (route) => route.fulfill({ status: 404 }));
    await page.goto(all.address);
    await page.locator("#trouble:not([hidden])").waitFor();
    assert.match(await text(page, "#trouble"), /^The module could not be loaded: .*waker_bug_module_bg\.wasm: 404/);
    assert.equal(await page.locator("#run-both").isDisabled(), true);
});

for (const [fix, says] of [["fetch_data_correct", "ready-made"], ["fetch_data_by_hand", "by hand"], ["fetch_data_by_channel", "by a channel"]]) {
    test(`the_correct_call_resolves_and_shows_its_value_${says.replaceAll(" ", "_").replace("-", "_")}`, async () => {
        const page = await openPage(all, wide);
        await page.locator(`input[value="${fix}"]`).check();
        await page.locator("#run-correct").click();
        await until(page, "correct", "ready");
        assert.match(await text(page, "#correct .state"), /^Ready after \d+ ms\s+JavaScript got "the data that took 200 ms"$/);
        assert.deepEqual(await verdicts(page, "correct"), ["yes", "yes", "yes", "yes", "yes", "yes"]);
        assert.deepEqual(await numbers(page, "correct"), [2, 0, 1, 1]);
        assert.deepEqual(page.faults, []);
        await all.picture(page, `correct-${fix}`);
    });
}

test("a_call_that_still_waits_is_pending_and_its_checklist_open", async () => {
    const page = await openPage(all, wide, 5000);
    await page.locator("#run-correct").click();
    await until(page, "correct", "pending");
    assert.match(await text(page, "#correct .state"), /^Pending for [\d.]+ m?s\s+JavaScript awaits the Promise\.$/);
    assert.deepEqual(await verdicts(page, "correct"), ["yes", "yes", "yes", "open", "open", "open"]);
    assert.deepEqual(await numbers(page, "correct"), [1, 1, 1, 0]);
    await all.picture(page, "pending");
});

test("the_buggy_call_is_diagnosed_with_the_line_of_its_source", async () => {
    const page = await openPage(all, wide);
    await page.locator("#run-both").click();
    await until(page, "buggy", "lost");
    await until(page, "correct", "ready");
    assert.match(await text(page, "#buggy .state"), /^LostWaker after [\d.]+ ms\s+JavaScript caught LostWaker: hang: task \d+ `fetch_data_buggy` can never be woken again/);
    const report = await text(page, ".report");
    assert.match(report, /waker_bug_module\.cpp:\d+ +BuggyFuture returned Pending and kept no waker\n +\d+ \| +co_return co_await future;\n/);
    assert.match(report, /help: /);
    assert.match(await text(page, "#buggy .row.hit"), /co_return co_await future;/);
    assert.deepEqual(await verdicts(page, "buggy"), ["yes", "yes", "no", "no", "no", "no"]);
    assert.match(await page.locator("#news").textContent(), /^Correct: Ready after /);
    await all.picture(page, "thrown");
});

test("the_timeline_has_the_events_of_both_sides_in_their_order", async () => {
    const page = await openPage(all, wide);
    await page.locator("#run-both").click();
    await until(page, "correct", "ready");
    await page.locator('.mark[aria-label^="Ready: operation"]').waitFor();
    const events = await timelineEvents(page);
    assert.deepEqual(ofTask(events, "fetch_data_buggy"), ["called", "created", "polled", "Pending", "lost", "polled", "failed", "await"]);
    assert.deepEqual(ofTask(events, "fetch_data_correct"), [
        "called", "created", "polled", "then()", "waker cloned", "Pending", "resolved", "woken", "polled", "Ready", "await",
    ]);
    // The diagnosis is there before the result of the operation is.
    assert.ok(events.findIndex((event) => event.startsWith("await: threw")) < events.findIndex((event) => event.startsWith("resolved: operation")));
});

test("with_the_policy_report_the_call_hangs_while_the_page_is_alive", async () => {
    const page = await openPage(all, wide);
    await page.locator('input[value="report"]').check();
    await page.locator("#run-both").click();
    await until(page, "correct", "ready"); // the time is over in which the buggy one should have ended
    await until(page, "buggy", "hanging");
    assert.deepEqual(await numbers(page, "buggy"), [1, 0, 0, 0]);
    // Frames are drawn, timers fire, and the same module goes on working for others.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 0)))));
    await page.locator("#run-correct").click();
    await page.locator('.mark[aria-label^="await: value"]').nth(1).waitFor();
    await until(page, "correct", "ready");
    await until(page, "buggy", "hanging");
    assert.deepEqual(await numbers(page, "buggy"), [1, 0, 0, 0]);
    assert.match(await text(page, "#buggy .state"), /^Hanging for /);
    assert.deepEqual(await verdicts(page, "buggy"), ["yes", "yes", "no", "no", "no", "no"]);
    assert.match(await text(page, ".report"), /can never be woken again/);
    await page.locator(".loop:not([hidden])").waitFor();
    await all.picture(page, "hanging");
});

test("the_policy_can_be_switched_between_calls", async () => {
    const page = await openPage(all, wide);
    for (const [policy, state] of [["report", "hanging"], ["throw", "lost"], ["report", "hanging"]]) {
        await page.locator(`input[value="${policy}"]`).check();
        await page.locator("#run-buggy").click();
        await until(page, "buggy", state);
    }
});

test("every_other_buggy_function_is_diagnosed_and_the_plain_promise_resolves", async () => {
    const page = await openPage(all, wide);
    for (const button of await page.locator("#functions button").all()) await button.click();
    for (const name of ["get_user_data", "complex_async_operation", "countdown_buggy"]) {
        await page.locator(`[data-function="${name}"][data-state="failed"]`).waitFor();
        assert.match(await text(page, `[data-function="${name}"] output`), /LostWaker: hang: task/);
    }
    await page.locator('[data-function="create_delayed_promise"][data-state="ready"]').waitFor();
    assert.match(await text(page, '[data-function="create_delayed_promise"] output'), /"a value"$/);
    await all.picture(page, "functions");
});

test("without_rouse_tasks_pile_up_at_no_cpu_and_with_it_none_does", async () => {
    const page = await openPage(all, wide);
    const cell = (row, side) => page.locator(`#pile [data-row="${row}"] td`).nth(side);
    const says = (row, side, pattern) => cell(row, side).filter({ hasText: pattern }).waitFor();
    await page.locator("#pile-many").click();
    await page.locator("#pile-many").click();
    await says("promises", 1, /^2,000 × LostWaker$/);
    await says("promises", 0, /^nothing, of 2,000$/);
    await says("tasks", 0, /^2,000 that can never end$/);
    await says("tasks", 1, /^0 that can never end$/);
    await says("cpu", 0, /^0\.0 %$/);
    await says("waiting", 0, /and counting$/);
    await says("memory", 0, /grown by/);
    await all.picture(page, "pile");
    await page.locator("#pile-clear").click();
    await says("promises", 0, /^–$/);
    await says("tasks", 0, /^0 that can never end$/);
    assert.deepEqual(page.faults, []);
});

test("everything_can_be_done_by_keyboard", async () => {
    const page = await openPage(all, wide);
    const focused = () => page.evaluate(() => {
        let element = document.activeElement;
        while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
        return element.id || element.value || element.getAttribute("aria-label") || element.className;
    });
    const tabTo = async (wanted) => {
        for (let n = 0; n < 60; ++n) {
            await page.keyboard.press("Tab");
            if (wanted.test(await focused())) return;
        }
        assert.fail(`Tab never came to ${wanted}`);
    };
    await tabTo(/^skip$/);
    await tabTo(/^run-both$/);
    await page.keyboard.press("Enter");
    await until(page, "buggy", "lost");
    await until(page, "correct", "ready");
    await tabTo(/^throw$/);
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.locator('input[value="report"]').isChecked(), true);
    await tabTo(/^fetch_data_correct$/);
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.locator('input[value="fetch_data_by_hand"]').isChecked(), true);

    // In the timeline one event is in the order of Tab, and the arrow keys go on from there.
    await page.locator('.mark[aria-label^="Ready: operation"]').nth(0).waitFor();
    await tabTo(/^(Ready|await: value): /);
    await page.keyboard.press("Home");
    assert.equal(await focused(), "called: fetch_data_buggy");
    await page.keyboard.press("ArrowRight");
    assert.match(await focused(), /^created: fetch_data_buggy, task 1$/);
    assert.match(await text(page, ".detail"), /created .*The task was created\./);
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(), "called: fetch_data_buggy");
    await page.keyboard.press("ArrowUp");
    assert.match(await focused(), /^created: /);
    await page.keyboard.press("End");
    assert.match(await focused(), /^(Ready|await: value): /);
    await tabTo(/^report$/);
    await tabTo(/^Call get_user_data$/);
    await tabTo(/^pile-one$/);
});

test("the_axis_can_be_true_to_scale", async () => {
    const page = await openPage(all, wide);
    await page.locator("#run-both").click();
    await until(page, "correct", "ready");
    const left = (label) => page.locator(`.mark[aria-label^="${label}"]`).first().evaluate((mark) => parseFloat(mark.style.left));
    assert.ok((await left("lost: ")) - (await left("created: fetch_data_buggy")) > 50);
    await page.locator('input[value="true"]').check();
    await page.locator('.scroll[data-scale="true"]').waitFor();
    const whole = (await left("Ready: fetch_data_correct")) - (await left("called: fetch_data_buggy"));
    assert.ok((await left("lost: ")) - (await left("created: fetch_data_buggy")) < whole / 2, "the diagnosis took much less than the delay");
    await all.picture(page, "to-scale");
});

test("clear_empties_the_timeline", async () => {
    const page = await openPage(all, wide);
    await page.locator("#run-buggy").click();
    await page.locator('.mark[aria-label^="Ready: operation"]').waitFor();
    await page.locator(".clear").click();
    await page.locator(".scroll.empty").waitFor({ state: "attached" });
    assert.equal(await page.locator(".mark").count(), 0);
    assert.equal(await page.locator(".report").count(), 0);
});

for (const [name, options] of [["phone", phone], ["phone-dark", { ...phone, colorScheme: "dark" }], ["dark", dark]]) {
    test(`it_is_readable_on_${name.replace("-", "_")}`, async () => {
        const page = await openPage(all, options);
        await page.locator("#run-both").click();
        await until(page, "buggy", "lost");
        await until(page, "correct", "ready");
        const { scrollWidth, clientWidth } = await page.evaluate(() => ({ ...{ scrollWidth: document.documentElement.scrollWidth, clientWidth: document.documentElement.clientWidth } }));
        assert.ok(scrollWidth <= clientWidth, `the page is ${scrollWidth} wide, and the screen ${clientWidth}`);
        const contrasts = await page.evaluate(measureContrasts);
        for (const { what, contrast } of contrasts) assert.ok(contrast >= 4.5, `${what}: contrast ${contrast.toFixed(2)}`);
        await all.picture(page, name);
    });
}

/// The contrast of texts of every kind with what lies behind them, as WCAG defines it. Runs in the page.
function measureContrasts() {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgb = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const behind = (node) => {
        for (let at = node; at; at = at.parentElement ?? at.getRootNode().host) {
            const colour = rgb(getComputedStyle(at).backgroundColor);
            if (colour[3] === 255) return colour;
        }
        return [255, 255, 255, 255];
    };
    const root = document.querySelector(".rouse-inspector").shadowRoot;
    const selectors = ["h1", ".lead", ".note", ".state b", ".state span", "dt", ".checklist li", ".checklist .tick", "#run-both", "#run-buggy", ".policy span", ".policy small", ".call", "tbody th",
        ".number", ".comment", ".word", ".name", ".counts", ".state", ".summary", ".detail", ".report", ".head", ".help", ".tick"];
    return selectors.flatMap((selector) => [...document.querySelectorAll(selector), ...root.querySelectorAll(selector)].map((node) => {
        const [a, b] = [luminance(rgb(getComputedStyle(node).color)), luminance(behind(node))];
        return { what: `${selector} "${node.textContent.slice(0, 20)}"`, contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) };
    }));
}

test("on_a_narrow_screen_the_timeline_stays_at_the_beginning_of_the_latest_calls", async () => {
    const page = await openPage(all, phone);
    const inSight = (label) => page.locator(`.mark[aria-label^="${label}"]`).last().evaluate((mark) => {
        const { left, right } = mark.getBoundingClientRect();
        return left >= 0 && right <= innerWidth;
    });
    for (let run = 0; run < 2; ++run) {
        await page.locator("#run-both").click();
        await until(page, "correct", "ready");
        await page.locator('.mark[aria-label^="Ready: operation"]').nth(run).waitFor();
        assert.equal(await inSight("called: fetch_data_buggy"), true);
        await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50))); // a silence, after which the next calls are a new beginning
    }
    // Where the reader has scrolled to, there it stays.
    await page.locator(".scroll").evaluate((node) => { node.scrollLeft = 0; });
    await page.locator(".clear").focus();
    await page.locator('input[value="true"]').check();
    await page.locator('input[value="steps"]').check();
    await page.locator('.scroll[data-scale="steps"]').waitFor();
    assert.equal(await page.locator(".scroll").evaluate((node) => node.scrollLeft), 0);
});
