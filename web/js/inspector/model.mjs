// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/// What the trace events of rouse.mjs amount to: tasks, the calls that JavaScript made, and one order of everything that was seen.
/// Knows nothing of the DOM, so that a test, or a program without a page, can use it too.

/// How each event is called, and on which side of the bridge it happens.
export const kinds = {
    created: { side: "cpp", label: "created", says: "The task was created." },
    polled: { side: "cpp", label: "polled", says: "A poll begins." },
    pending: { side: "cpp", label: "Pending", says: "The poll returned Pending: there is no result yet." },
    waker_cloned: { side: "cpp", label: "waker cloned", says: "Somebody keeps a clone of the waker, to wake the task with." },
    waker_dropped: { side: "cpp", label: "waker dropped", says: "A clone of the waker was dropped." },
    woken: { side: "cpp", label: "woken", says: "A waker was woken: the task is queued for another poll." },
    ready: { side: "cpp", label: "Ready", says: "The poll returned Ready: the task has its result." },
    failed: { side: "cpp", label: "failed", says: "The task ended with an exception." },
    lost: { side: "cpp", label: "lost", says: "Not queued, and no waker is left anywhere: nobody can ever wake this task." },
    cancelled: { side: "cpp", label: "cancelled", says: "The task was aborted, or dropped." },
    promise_awaited: { side: "js", label: "then()", says: "A Promise got the callbacks of the future that awaits it." },
    promise_resolved: { side: "js", label: "resolved", says: "The Promise that is awaited in C++ was resolved." },
    promise_rejected: { side: "js", label: "rejected", says: "The Promise that is awaited in C++ was rejected." },
    promise_collected: { side: "js", label: "collected", says: "The Promise that is awaited in C++ was garbage collected, with all that could settle it." },
    timer_set: { side: "js", label: "timer set", says: "A timer was set." },
    timer_fired: { side: "js", label: "timer fired", says: "The timer fired." },
    called: { side: "js", label: "called", says: "JavaScript called the function and awaits the Promise that it returned." },
    returned: { side: "js", label: "await: value", says: "The Promise that JavaScript awaits was resolved." },
    threw: { side: "js", label: "await: threw", says: "The Promise that JavaScript awaits was rejected." },
};

const finished = new Set(["ready", "failed", "cancelled"]);
const ends_a_poll = new Set(["pending", "ready", "failed", "cancelled"]);

/// The value that a Promise brought, in a few words.
export function describe(value) {
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    if (typeof value === "string") return JSON.stringify(value);
    try {
        return JSON.stringify(value) ?? String(value);
    } catch {
        return String(value);
    }
}

const firstLine = (text) => String(text).split("\n", 1)[0];

export class Model {
    /// `now` is the clock of the events; `marksKept` and `tasksKept` bound the memory: finished tasks go first, the oldest before.
    constructor({ now = () => performance.now(), marksKept = 5000, tasksKept = 2000 } = {}) {
        this.now = now;
        this.marksKept = marksKept;
        this.tasksKept = tasksKept;
        this.listeners = new Set();
        this.clear();
    }

    /// Forgets everything but the tasks and the calls that are still going on. Their marks are forgotten as well.
    clear() {
        const tasks = [...(this.tasks?.values() ?? [])].filter((task) => !finished.has(task.state) && !task.lost);
        this.tasks = new Map(tasks.map((task) => [task.id, task]));
        this.calls = (this.calls ?? []).filter((call) => call.state === "pending" && this.tasks.has(call.task?.id));
        this.marks = [];
        this.reports = [];
        this.seq ??= 0; // goes on: a number stands for one mark, for ever
        this.busy = 0;
        this.created = 0;
        for (const part of [...tasks, ...this.calls]) part.marks = [];
        this.polling = this.polling?.filter((id) => this.tasks.has(id)) ?? [];
        this.openCalls = [];
        this.#changed();
    }

    /// `listener()` is called after each change. Returns the function that ends that.
    onChange(listener) {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }

    /// Takes in one trace event. Of a kind that is not known here, as a newer rouse.mjs may have, it is left out.
    event(event) {
        if (!Object.hasOwn(kinds, event.type)) return;
        const task = this.#task(event);
        const mark = this.#mark(event, { task });
        task.marks.push(mark);
        this.#count(task, mark);
        this.#changed();
    }

    /// Takes in a report of rouse.mjs, and returns what is kept of it.
    report(text, info) {
        const report = { text: String(text), info, at: this.now() };
        this.reports.push(report);
        if (this.reports.length > 50) this.reports.shift();
        this.#changed();
        return report;
    }

    /// Calls `call` and follows the Promise that it returns. The first task that is created during the call is what it waits for.
    /// Returns what `call` returned.
    watch(name, call) {
        const record = { name, state: "pending", marks: [], task: null, began: this.now(), ended: undefined, outcome: undefined };
        this.calls.push(record);
        if (this.calls.length > this.tasksKept) this.calls.shift();
        this.#markCall(record, "called", `${name} was called`);
        this.openCalls.push(record);
        let promise;
        try {
            promise = call();
        } catch (error) {
            this.#settle(record, "threw", error);
            throw error;
        } finally {
            this.openCalls.pop();
        }
        Promise.resolve(promise).then(
            (value) => this.#settle(record, "returned", value),
            (error) => this.#settle(record, "threw", error),
        );
        return promise;
    }

    /// Everything that still goes on, or hangs.
    get unsettled() {
        return [...this.tasks.values()].some((task) => !finished.has(task.state)) || this.calls.some((call) => call.state === "pending");
    }

    /// How many tasks are there: not ended, and the lost ones among them.
    get alive() {
        let alive = 0;
        let lost = 0;
        for (const task of this.tasks.values()) {
            if (finished.has(task.state)) continue;
            ++alive;
            if (task.lost) ++lost;
        }
        return { alive, lost };
    }

    #task(event) {
        let task = this.tasks.get(event.task);
        // An id that comes back after its task has ended is a new task.
        if (task && event.type === "created" && finished.has(task.state)) task = undefined;
        if (!task) {
            task = {
                id: event.task,
                name: event.name || `task ${event.task}`,
                state: "created",
                lost: false,
                polls: 0,
                clones: 0,
                wakes: 0,
                busy: 0,
                marks: [],
                parent: this.polling.at(-1) ?? null,
                call: null,
                file: event.file,
                line: event.line,
                detail: event.detail,
                began: event.at,
                ended: undefined,
            };
            this.tasks.set(event.task, task);
            ++this.created;
            const call = this.openCalls.at(-1);
            if (call && !call.task) {
                call.task = task;
                task.call = call;
            }
            this.#forget();
        }
        if (event.name) task.name = event.name;
        return task;
    }

    #count(task, { type, at, detail, file, line }) {
        switch (type) {
            case "polled":
                ++task.polls;
                task.state = "running";
                task.pollBegan = at;
                this.polling.push(task.id);
                break;
            case "waker_cloned":
                ++task.clones;
                break;
            case "woken":
                ++task.wakes;
                if (task.state === "pending") task.state = "woken";
                break;
            case "lost":
                task.lost = true;
                break;
        }
        if (ends_a_poll.has(type)) {
            if (task.pollBegan !== undefined) {
                task.busy += at - task.pollBegan;
                this.busy += at - task.pollBegan;
                task.pollBegan = undefined;
            }
            const place = this.polling.lastIndexOf(task.id);
            if (place >= 0) this.polling.splice(place, 1);
            task.state = type;
        }
        if (finished.has(type)) task.ended = at;
        if (type === "pending" || type === "lost") {
            task.awaiting = detail ?? task.awaiting;
            if (file) [task.file, task.line] = [file, line];
        }
    }

    #settle(call, type, value) {
        call.state = type;
        call.ended = this.now();
        call.outcome = value;
        this.#markCall(call, type, describe(value));
    }

    #markCall(call, type, detail) {
        call.marks.push(this.#mark({ type, at: this.now(), detail: firstLine(detail) }, { call }));
        this.#changed();
    }

    #mark(event, owner) {
        const mark = { ...event, ...owner, seq: this.seq++ };
        this.marks.push(mark);
        if (this.marks.length > this.marksKept) {
            const old = this.marks.shift();
            (old.task?.marks ?? old.call.marks).shift();
        }
        return mark;
    }

    #forget() {
        if (this.tasks.size <= this.tasksKept) return;
        for (const [id, task] of this.tasks) {
            if (!finished.has(task.state)) continue;
            this.tasks.delete(id);
            return;
        }
    }

    #changed() {
        for (const listener of this.listeners) listener();
    }
}
