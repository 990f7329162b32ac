// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import assert from "node:assert/strict";
import { test } from "node:test";

import { checklist, emptyChecklist } from "../../../web/js/inspector/checklist.mjs";
import { call, correct, hanging, makeModel, thrown } from "./stream.mjs";

const turn = () => new Promise((resolve) => setImmediate(resolve));
const verdicts = (model, call) => checklist(model, call).map(({ verdict }) => verdict).join(" ");

test("nothing_is_ticked_before_anything_ran", () => {
    const { model } = makeModel();
    assert.equal(verdicts(model, undefined), "open open open open open open");
    assert.equal(emptyChecklist().length, 6);
});

test("a_correct_future_has_every_tick", async () => {
    const { model } = makeModel();
    const record = call(model, "f", correct, (resolve) => resolve(1));
    await turn();
    assert.equal(verdicts(model, record), "yes yes yes yes yes yes");
});

test("a_correct_future_that_still_waits_is_open_where_it_waits", () => {
    const { model } = makeModel();
    const record = call(model, "f", "0 created 1, 0 polled 1, 0 promise_awaited 1, 0 waker_cloned 1, 0 pending 1");
    assert.equal(verdicts(model, record), "yes yes yes open open open");
});

test("a_lost_waker_leaves_the_rest_undone_also_while_it_hangs", async () => {
    const { model } = makeModel();
    const record = call(model, "f", thrown, (_, reject) => reject(new Error("LostWaker")));
    await turn();
    assert.equal(verdicts(model, record), "yes yes no no no no");
    const other = makeModel();
    assert.equal(verdicts(other.model, call(other.model, "f", hanging)), "yes yes no no no no");
});

test("a_waker_that_was_kept_once_and_not_again_is_not_kept", () => {
    const { model } = makeModel();
    const record = call(model, "f", "0 created 1, 0 polled 1, 0 timer_set 1, 0 waker_cloned 1, 0 pending 1, 1 waker_dropped 1, 1 woken 1, 2 polled 1, 2 pending 1, 2 lost 1");
    assert.equal(verdicts(model, record), "yes yes no yes no no");
});
