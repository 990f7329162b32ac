// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/// What a correct future does, and what a task of a `Model` was seen to do of it.

/// The items in their order. `says` is for a list; `verdict(seen)` is "yes", "no" (it cannot happen any more) or "open".
const items = [
    { says: "It starts its operation when it is first polled", verdict: (seen) => (seen.started ? "yes" : seen.over ? "no" : "open") },
    { says: "It returns Pending while there is no result", verdict: (seen) => (seen.pending ? "yes" : seen.over ? "no" : "open") },
    { says: "It keeps a clone of the waker before it does", verdict: (seen) => (seen.kept ? "yes" : seen.over ? "no" : "open") },
    { says: "It wakes that waker when the result arrives", verdict: (seen) => (seen.woken ? "yes" : seen.over ? "no" : "open") },
    { says: "It returns Ready to the poll that follows", verdict: (seen) => (seen.ready ? "yes" : seen.over ? "no" : "open") },
    { says: "JavaScript's Promise is resolved with the value", verdict: (seen) => (seen.resolved ? "yes" : seen.over ? "no" : "open") },
];

/// What the list looks like before anything ran.
export const emptyChecklist = () => items.map(({ says }) => ({ says, verdict: "open" }));

/// checklist(model, call): the list for the task that `call` (of `Model.calls`) waits for.
export function checklist(model, call) {
    const task = call?.task;
    if (!task) return emptyChecklist();
    const seen = {
        started: false,
        pending: false,
        kept: task.clones > 0 && !task.lost, // one that was not kept again is gone: the task is lost
        woken: task.wakes > 0,
        ready: task.state === "ready",
        resolved: call.state === "returned",
        over: task.lost || task.ended !== undefined || call.state !== "pending",
    };
    for (const { type } of task.marks) {
        if (type === "timer_set" || type === "promise_awaited") seen.started = true;
        if (type === "pending") seen.pending = true;
    }
    // A future by hand may have its operation done by a task of its own.
    if ([...model.tasks.values()].some((other) => other.parent === task.id)) seen.started = true;
    return items.map(({ says, verdict }) => ({ says, verdict: verdict(seen) }));
}
