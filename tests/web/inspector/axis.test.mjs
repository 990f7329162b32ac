// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import assert from "node:assert/strict";
import { test } from "node:test";

import { duration, stepAxis, trueAxis } from "../../../web/js/inspector/axis.mjs";

const marks = (...list) => list.map(([at, lane], seq) => ({ at, lane, seq }));
const laneOf = ({ lane }) => lane;

test("every_event_has_a_place_of_its_own_in_the_order_seen", () => {
    const list = marks([5, "a"], [5, "b"], [5, "a"], [5, "c"]);
    const axis = stepAxis(list, undefined, laneOf);
    const places = list.map((mark) => axis.x(mark));
    for (let n = 1; n < places.length; ++n) assert.ok(places[n] > places[n - 1]);
});

test("events_of_one_row_keep_room_for_their_words", () => {
    const list = marks([0, "a"], [0, "b"], [0, "a"]);
    const axis = stepAxis(list, undefined, laneOf);
    assert.ok(axis.x(list[2]) - axis.x(list[0]) >= 50);
    assert.ok(axis.x(list[1]) - axis.x(list[0]) < 50);
});

test("a_long_wait_is_folded_and_says_how_long_it_was", () => {
    const list = marks([0, "a"], [1500, "a"], [3_600_000, "a"]);
    const axis = stepAxis(list, undefined, laneOf);
    assert.deepEqual(axis.folds.map(({ text }) => text), ["1.50 s", "59 min 59 s"]);
    assert.ok(axis.x(list[2]) < 500);
});

test("what_still_waits_grows_to_the_present", () => {
    const list = marks([0, "a"]);
    const soon = stepAxis(list, 100, laneOf);
    const late = stepAxis(list, 100_000, laneOf);
    assert.ok(soon.end > soon.x(list[0]));
    assert.ok(late.end > soon.end);
    assert.deepEqual(late.folds.map(({ text }) => text), ["1 min 40 s"]);
});

test("times_between_events_lie_between_them", () => {
    const list = marks([0, "a"], [100, "a"]);
    const axis = stepAxis(list, undefined, laneOf);
    assert.equal(axis.at(50), (axis.x(list[0]) + axis.x(list[1])) / 2);
    assert.equal(axis.at(-5), axis.x(list[0]));
    assert.equal(axis.at(500), axis.x(list[1]));
});

test("to_scale_twice_the_time_is_twice_as_far", () => {
    const list = marks([10, "a"], [20, "b"], [30, "a"]);
    const axis = trueAxis(list, undefined, 800);
    assert.ok(Math.abs(axis.x(list[2]) - axis.x(list[0]) - 2 * (axis.x(list[1]) - axis.x(list[0]))) < 1e-9);
    assert.ok(axis.x(list[0]) >= 0 && axis.x(list[2]) <= 800);
});

test("an_axis_without_events_is_no_fault", () => {
    assert.deepEqual(stepAxis([], undefined, laneOf).ticks, []);
    assert.equal(trueAxis([], undefined, 800).folds.length, 0);
});

test("durations_have_the_unit_that_fits", () => {
    const said = [0, 0.04, 0.5, 12.3, 999.6, 1500, 61_000].map(duration);
    assert.deepEqual(said, ["0.00 ms", "0.04 ms", "0.5 ms", "12 ms", "1.00 s", "1.50 s", "1 min 1 s"]);
});

test("a_duration_just_below_a_minute_is_no_sixty_seconds", () => {
    assert.equal(duration(119_800), "2 min 0 s");
    assert.equal(duration(59_949), "59.9 s");
    assert.equal(duration(59_951), "1 min 0 s");
});
