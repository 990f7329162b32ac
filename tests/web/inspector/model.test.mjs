// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import assert from "node:assert/strict";
import { test } from "node:test";

import { describe } from "../../../web/js/inspector/model.mjs";
import { call, correct, hanging, makeModel, play, thrown } from "./stream.mjs";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("counts_the_polls_wakers_and_wakes_of_a_task", () => {
    const { model } = makeModel();
    play(model, correct);
    const task = model.tasks.get(1);
    assert.deepEqual([task.polls, task.clones, task.wakes, task.state], [2, 1, 1, "ready"]);
});

test("adds_up_the_time_that_was_spent_in_polls", () => {
    const { model } = makeModel();
    play(model, "0 created 1, 1 polled 1, 3 pending 1, 1000 woken 1, 1001 polled 1, 1004 ready 1");
    assert.equal(model.busy, 5);
});

test("a_lost_task_is_alive_and_hangs_until_it_ends", () => {
    const { model } = makeModel();
    play(model, hanging);
    assert.equal(model.tasks.get(1).lost, true);
    assert.deepEqual(model.alive, { alive: 2, lost: 1 });
    play(model, "1 polled 1, 2 failed 1");
    assert.deepEqual(model.alive, { alive: 1, lost: 0 });
    assert.equal(model.tasks.get(1).lost, true);
});

test("a_pending_task_with_a_waker_is_not_lost", () => {
    const { model } = makeModel();
    play(model, "0 created 1, 0 polled 1, 0 waker_cloned 1, 0 pending 1");
    assert.deepEqual(model.alive, { alive: 1, lost: 0 });
});

test("a_call_has_the_first_task_that_is_created_in_it", () => {
    const { model } = makeModel();
    const first = call(model, "first", "0 created 1, 0 created 2");
    const second = call(model, "second", "1 created 3");
    assert.equal(first.task.id, 1);
    assert.equal(second.task.id, 3);
    assert.equal(model.tasks.get(2).call, null);
});

test("a_task_that_is_created_in_a_poll_knows_in_whose", () => {
    const { model } = makeModel();
    play(model, thrown);
    assert.equal(model.tasks.get(2).parent, 1);
    assert.equal(model.tasks.get(1).parent, null);
});

test("a_call_is_settled_when_its_promise_is", async () => {
    const { model, clock } = makeModel();
    const good = call(model, "good", correct, (resolve) => resolve("value"));
    const bad = call(model, "bad", "", (_, reject) => reject(new TypeError("no")));
    const open = call(model, "open", "");
    clock.ms = 7;
    await turn();
    assert.deepEqual([good.state, good.ended, good.outcome], ["returned", 7, "value"]);
    assert.equal(bad.state, "threw");
    assert.equal(bad.marks.at(-1).detail, "TypeError: no");
    assert.equal(open.state, "pending");
});

test("a_call_that_throws_at_once_is_shown_and_thrown_on", () => {
    const { model } = makeModel();
    assert.throws(() => model.watch("broken", () => { throw new RangeError("at once"); }), RangeError);
    assert.equal(model.calls[0].state, "threw");
});

test("the_marks_have_one_order_over_all_tasks_and_calls", async () => {
    const { model } = makeModel();
    call(model, "f", "0 created 1, 0 polled 1, 0 pending 1", (resolve) => resolve(1));
    await turn();
    assert.deepEqual(model.marks.map(({ type }) => type), ["called", "created", "polled", "pending", "returned"]);
    assert.deepEqual(model.marks.map(({ seq }) => seq), [0, 1, 2, 3, 4]);
});

test("memory_is_bounded_finished_tasks_are_forgotten_and_hanging_ones_are_not", () => {
    const { model } = makeModel({ marksKept: 100, tasksKept: 10 });
    play(model, "0 created 1, 0 polled 1, 0 pending 1, 0 lost 1");
    for (let id = 2; id < 200; ++id) play(model, `1 created ${id}, 1 polled ${id}, 1 ready ${id}`);
    assert.ok(model.tasks.size <= 11, `${model.tasks.size} tasks are kept`);
    assert.ok(model.tasks.has(1));
    assert.equal(model.marks.length, 100);
    assert.equal(model.created, 199);
});

test("an_id_that_comes_back_is_a_new_task", () => {
    const { model } = makeModel();
    play(model, "0 created 1, 0 polled 1, 0 ready 1, 5 created 1");
    assert.equal(model.tasks.get(1).polls, 0);
    assert.equal(model.tasks.get(1).state, "created");
});

test("clear_forgets_what_ended_or_hangs_and_keeps_what_goes_on", () => {
    const { model } = makeModel();
    play(model, correct);
    play(model, "60 created 2, 60 polled 2, 60 waker_cloned 2, 60 pending 2, 61 created 3, 61 polled 3, 61 pending 3, 61 lost 3");
    model.report("hang: task 3", {});
    model.clear();
    assert.deepEqual([...model.tasks.keys()], [2]);
    assert.deepEqual([model.marks.length, model.reports.length], [0, 0]);
    play(model, "70 woken 2, 71 polled 2, 72 ready 2");
    assert.equal(model.tasks.get(2).state, "ready");
    assert.equal(model.marks.length, 3);
});

test("the_number_of_a_mark_is_never_used_again", () => {
    const { model } = makeModel();
    play(model, "0 created 1, 0 polled 1, 0 waker_cloned 1, 0 pending 1");
    model.clear();
    play(model, "1 woken 1");
    assert.equal(model.marks[0].seq, 4);
});

test("listeners_hear_each_change_until_they_leave", () => {
    const { model } = makeModel();
    let heard = 0;
    const leave = model.onChange(() => ++heard);
    play(model, "0 created 1, 0 polled 1");
    leave();
    play(model, "0 pending 1");
    assert.equal(heard, 2);
});

test("values_of_any_kind_can_be_described", () => {
    const circle = {};
    circle.self = circle;
    assert.equal(describe("a"), '"a"');
    assert.equal(describe(undefined), "undefined");
    assert.equal(describe({ a: [1] }), '{"a":[1]}');
    assert.equal(describe(1n), "1");
    assert.equal(describe(circle), "[object Object]");
    assert.equal(describe(new RangeError("far")), "RangeError: far");
});

test("an_event_of_an_unknown_kind_is_left_out", () => {
    const { model } = makeModel();
    play(model, "0 created 1, 0 invented 1, 0 toString 1");
    assert.equal(model.marks.length, 1);
});
