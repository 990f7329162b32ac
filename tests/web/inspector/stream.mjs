// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/// Streams of trace events, and a model whose clock is turned by hand.

import { Model } from "../../../web/js/inspector/model.mjs";

export class Clock {
    ms = 0;
    now = () => this.ms;
}

/// play(model, "0 created 1, 0.2 polled 1"): time, type, task. The name of a task is `name` or "taskN".
export function play(model, text, extra = {}) {
    for (const part of text.split(",").map((part) => part.trim()).filter(Boolean)) {
        const [at, type, task, ...detail] = part.split(" ");
        model.event({ type, at: Number(at), task: Number(task), name: `task${task}`, detail: detail.join(" ") || undefined, ...extra });
    }
}

export const correct = "0 created 1, 0.1 polled 1, 0.2 promise_awaited 1, 0.3 waker_cloned 1, 0.4 pending 1, 50 promise_resolved 1, 50.1 woken 1, 50.1 waker_dropped 1, 50.2 polled 1, 50.3 ready 1";
export const thrown = "0 created 1, 0.1 polled 1, 0.2 created 2, 0.4 pending 1, 0.4 lost 1, 0.5 polled 1, 0.6 failed 1 LostWaker";
export const hanging = "0 created 1, 0.1 polled 1, 0.2 created 2, 0.4 pending 1, 0.4 lost 1";

export function makeModel(options) {
    const clock = new Clock();
    return { clock, model: new Model({ now: clock.now, ...options }) };
}

/// A call whose task plays `text`, and which ends as `settle(resolve, reject)` has it.
export function call(model, name, text, settle = () => {}) {
    const promise = model.watch(name, () => new Promise((resolve, reject) => {
        play(model, text);
        settle(resolve, reject);
    }));
    promise.catch(() => {});
    return model.calls.at(-1);
}
