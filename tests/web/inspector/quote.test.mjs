// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import assert from "node:assert/strict";
import { test } from "node:test";

import { quote } from "../../../web/js/inspector/quote.mjs";

const report = "hang: task 1 `f` can never be woken again\n\n   src/f.cpp:2   Future returned Pending and kept no waker\n\n   awaited by\n      f()  src/f.cpp:3";

test("the_line_stands_under_the_place_that_is_named_first", async () => {
    const asked = [];
    const quoted = await quote(report, async (file) => {
        asked.push(file);
        return "one\n    co_await two;\nthree";
    });
    assert.deepEqual(asked, ["src/f.cpp"]);
    assert.deepEqual(quoted.split("\n").slice(2, 5), ["   src/f.cpp:2   Future returned Pending and kept no waker", "       2 |     co_await two;", ""]);
});

test("a_report_that_has_its_line_keeps_it", async () => {
    const whole = report.replace("no waker\n", "no waker\n       2 |     here;\n");
    assert.equal(await quote(whole, () => assert.fail("nothing is to be read")), whole);
});

test("a_source_that_is_not_there_or_too_short_changes_nothing", async () => {
    assert.equal(await quote(report, () => undefined), report);
    assert.equal(await quote(report, () => "one"), report);
    assert.equal(await quote("no place at all", () => "one"), "no place at all");
});
