// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/// Draws a `Model`: two rows for each task, C++ above JavaScript, on one axis.

import { duration, foldedFrom, stepAxis, trueAxis } from "./axis.mjs";
import { kinds } from "./model.mjs";

const groupsShown = 12; // the youngest; more tasks than that are counted, not drawn
const marksShown = 400;

/// element("p.hint", {attributes}, ...children)
export function element(selector, attributes = {}, ...children) {
    const [tag, ...classes] = selector.split(".");
    const made = document.createElement(tag);
    if (classes.length > 0) made.className = classes.join(" ");
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
        else if (value === true) made.setAttribute(name, "");
        else if (value !== false && value !== undefined) made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
}

const svg = (tag, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
};

function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/// What stands in one row has one key.
const laneOf = (mark) => {
    const owner = mark.call ?? mark.task.call ?? mark.task;
    return kinds[mark.type].side === "js" ? owner : (mark.task ?? owner).marks;
};

/// A word for the state of a task, and the class that colours it.
function stateOf(task) {
    if (task.lost && task.state !== "failed" && task.state !== "cancelled") return ["hangs for ever", "bad"];
    switch (task.state) {
        case "ready": return ["Ready", "good"];
        case "failed": return task.lost ? ["LostWaker", "bad"] : ["failed", "bad"];
        case "cancelled": return ["cancelled", "idle"];
        case "running": return ["running", "busy"];
        case "woken": return ["woken", "busy"];
        case "pending": return ["Pending", "wait"];
        default: return ["created", "idle"];
    }
}

/// The stretch that begins with an event, by its class; null: none does.
const stretches = {
    created: "idle",
    polled: "running",
    pending: "waiting",
    woken: "queued",
    lost: "lost",
    ready: null,
    failed: null,
    cancelled: null,
};

/// One task or call: its label, and a lane for each side.
class Group {
    constructor(timeline, task, call) {
        this.timeline = timeline;
        this.task = task;
        this.call = call;
        this.name = element("span.name");
        this.state = element("span.state");
        this.counts = element("span.counts");
        this.cpp = this.#lane("C++");
        this.js = this.#lane("JS");
        this.node = element(
            "div.group",
            { role: "group" },
            element("div.label", {}, this.name, this.state, this.counts),
            this.cpp.node,
            this.js.node,
        );
        this.buttons = new Map();
    }

    #lane(side) {
        const spans = svg("svg", { "aria-hidden": "true" });
        const marks = element("div.marks");
        const name = element("span.side", { "aria-hidden": "true" }, side);
        return { node: element(`div.lane.${side === "C++" ? "cpp" : "js"}`, {}, name, spans, marks), spans, marks };
    }

    draw(axis, marks, width) {
        const { task, call } = this;
        const name = task?.name ?? call.name;
        const [state, tone] = task ? stateOf(task) : [call.state, "idle"];
        setText(this.name, name);
        setText(this.state, state);
        this.state.className = `state ${tone}`;
        setText(this.counts, task ? `task ${task.id} · ${plural(task.polls, "poll")} · ${plural(task.clones, "waker")}` : "no task");
        this.node.setAttribute("aria-label", task ? `${name}, task ${task.id}: ${state}` : name);
        this.#drawMarks(axis, marks);
        this.#drawSpans(axis, marks, width);
    }

    #drawMarks(axis, marks) {
        const seen = new Set();
        for (const mark of marks) {
            seen.add(mark.seq);
            let button = this.buttons.get(mark.seq);
            if (!button) {
                button = this.timeline.makeMark(mark);
                this.buttons.set(mark.seq, button);
                (kinds[mark.type].side === "js" ? this.js : this.cpp).marks.append(button);
            }
            button.style.left = `${axis.x(mark)}px`;
        }
        for (const [seq, button] of this.buttons) {
            if (seen.has(seq)) continue;
            button.remove();
            this.buttons.delete(seq);
        }
    }

    /// The stretches between the marks: running, waiting, lost; and how long JavaScript waits.
    #drawSpans(axis, marks, width) {
        const cpp = [];
        const js = [];
        let began;
        let state;
        const end = (to) => {
            if (state !== undefined) cpp.push([state, began, to]);
        };
        for (const mark of marks) {
            const x = axis.x(mark);
            const next = stretches[mark.type];
            if (next === undefined || (mark.type === "woken" && state === "running")) continue;
            end(x);
            [began, state] = [x, next ?? undefined];
        }
        end(axis.end);
        const { call } = this;
        if (call) {
            const settled = call.marks.at(-1);
            const from = call.marks[0]?.type === "called" && axis.x(call.marks[0]) !== undefined ? axis.x(call.marks[0]) : 0;
            const to = call.state === "pending" ? axis.end : (settled && axis.x(settled)) ?? 0;
            js.push([call.state === "pending" && this.task?.lost ? "hanging" : "awaiting", from, to]);
        }
        for (const [lane, spans] of [[this.cpp, cpp], [this.js, js]]) {
            lane.spans.setAttribute("width", width);
            lane.spans.replaceChildren(
                ...spans.map(([kind, from, to]) => svg("line", { class: kind, x1: from, x2: Math.max(from, to), y1: 14, y2: 14 })),
            );
        }
    }
}

export class Timeline {
    /// `onSelect(mark)` hears which mark has the focus.
    constructor(model, onSelect) {
        this.model = model;
        this.onSelect = onSelect;
        this.scale = "steps";
        this.groups = new Map();
        this.beats = [];
        this.chosen = false;
        this.ruler = element("div.ruler", { "aria-hidden": "true" });
        this.folds = element("div.folds", { "aria-hidden": "true" });
        this.now = element("div.now", { "aria-hidden": "true" });
        this.more = element("p.more", { hidden: true });
        this.loop = svg("svg", { "aria-hidden": "true" });
        this.loopText = element("span.counts");
        this.loopRow = element(
            "div.group.loop",
            {},
            element("div.label", {}, element("span.name", {}, "event loop"), this.loopText),
            element("div.lane.js", {}, this.loop),
        );
        this.body = element("div.rows");
        this.canvas = element("div.canvas", {}, this.folds, this.ruler, this.body, this.loopRow, this.now);
        this.node = element(
            "div.scroll",
            { role: "region", "aria-label": "Timeline. The arrow keys go from event to event.", tabindex: "-1", onkeydown: (event) => this.#key(event) },
            this.canvas,
        );
        this.order = [];
    }

    /// A beat of the page's own clock: it shows that the page is alive.
    beat(at, late) {
        this.beats.push({ at, late });
        if (this.beats.length > 600) this.beats.shift();
    }

    clear() {
        this.beats = [];
        this.selected = undefined;
        this.chosen = false;
    }

    /// Draws everything anew, as far as it has changed.
    draw() {
        const { model } = this;
        const shown = this.#choose();
        const marks = shown.flatMap(({ marks }) => marks).sort((a, b) => a.seq - b.seq).slice(-marksShown);
        const from = marks[0]?.seq ?? 0;
        const labelWidth = this.body.firstElementChild ? this.#laneLeft() : 0;
        const space = Math.max(200, this.node.clientWidth - labelWidth - 12);
        const now = model.unsettled ? model.now() : undefined;
        const axis = this.scale === "steps" ? stepAxis(marks, now, laneOf) : trueAxis(marks, now, space);
        const width = Math.max(space, axis.end + (this.scale === "steps" ? 36 : 14));

        this.node.dataset.scale = this.scale;
        this.canvas.style.setProperty("--lane-width", `${width}px`);
        this.order = marks;
        for (const { group, marks } of shown) group.draw(axis, marks.filter((mark) => mark.seq >= from), width);
        this.#drawRuler(axis, now);
        this.#drawLoop(axis, marks, width);
        this.#rove();
        this.node.classList.toggle("empty", marks.length === 0);
        this.#follow(axis);
    }

    /// Scrolls to where things last began to happen, and stays there, unless the reader has scrolled elsewhere meanwhile.
    #follow(axis) {
        const begins = ({ type, at }, index) => (type === "called" || type === "created") && at - (this.order[index - 1]?.at ?? -Infinity) >= foldedFrom;
        const beginning = this.order.findLast((mark, index) => begins(mark, index));
        const isNew = beginning !== this.beginning;
        if (!beginning || (!isNew && Math.abs(this.node.scrollLeft - this.left) > 2)) return;
        this.beginning = beginning;
        this.node.scrollLeft = axis.x(beginning) - 40;
        this.left = this.node.scrollLeft; // what it could be set to: there may be more to the right of it later
    }

    makeMark(mark) {
        const kind = kinds[mark.type];
        const owner = mark.task ? `${mark.task.name}, task ${mark.task.id}` : mark.call.name;
        const button = element(
            `button.mark.${mark.type}`,
            { type: "button", tabindex: "-1", "aria-label": `${kind.label}: ${owner}`, onfocus: () => this.#select(mark), onclick: () => button.focus() },
            element("span.dot"),
            element("span.word", {}, kind.label),
        );
        mark.button = button;
        return button;
    }

    /// The groups to draw: those that have marks, the youngest.
    #choose() {
        const { model } = this;
        const all = new Map();
        for (const call of model.calls) {
            if (call.marks.length > 0 || call.task?.marks.length > 0) all.set(call, { task: call.task, call, marks: [...call.marks, ...(call.task?.marks ?? [])] });
        }
        for (const task of model.tasks.values()) {
            if (!(task.call && all.has(task.call)) && task.marks.length > 0) all.set(task, { task, call: null, marks: [...task.marks] });
        }
        const entries = [...all.entries()].map(([key, entry]) => ({ key, ...entry }));
        for (const entry of entries) entry.marks.sort((a, b) => a.seq - b.seq);
        entries.sort((a, b) => a.marks[0].seq - b.marks[0].seq);
        const shown = entries.slice(-groupsShown);
        const left = entries.length - shown.length;
        this.more.hidden = left === 0;
        setText(this.more, `${plural(left, "older row")} not drawn`);

        const keys = new Set(shown.map(({ key }) => key));
        for (const [key, group] of this.groups) {
            if (keys.has(key)) continue;
            group.node.remove();
            this.groups.delete(key);
        }
        for (const entry of shown) {
            let group = this.groups.get(entry.key);
            if (!group) {
                group = new Group(this, entry.task, entry.call);
                this.groups.set(entry.key, group);
                this.body.append(group.node);
            }
            group.task = entry.task;
            entry.group = group;
        }
        return shown;
    }

    #laneLeft() {
        const lane = this.body.querySelector(".lane");
        return lane.getBoundingClientRect().left - this.canvas.getBoundingClientRect().left;
    }

    #drawRuler(axis, now) {
        this.ruler.replaceChildren(element("span.cover"), ...axis.ticks.map(({ x, text }) => {
            const tick = element("span.tick", {}, text);
            tick.style.left = `${x}px`;
            return tick;
        }));
        this.folds.replaceChildren(...axis.folds.map(({ from, to, text }) => {
            const fold = element("span.fold", {}, element("span", {}, text));
            fold.style.left = `${from}px`;
            fold.style.width = `${to - from}px`;
            return fold;
        }));
        this.now.hidden = now === undefined;
        this.now.style.setProperty("--x", `${axis.end}px`);
    }

    #drawLoop(axis, marks, width) {
        const from = marks[0]?.at ?? Infinity;
        const beats = this.beats.filter(({ at }) => at >= from);
        this.loopRow.hidden = beats.length === 0;
        if (beats.length === 0) return;
        this.loop.setAttribute("width", width);
        const path = beats.map(({ at }) => `M${axis.at(at).toFixed(1)} 12h0`).join("");
        this.loop.replaceChildren(svg("path", { class: "beats", d: path }));
        setText(this.loopText, `the page's own timer: ${plural(beats.length, "beat")}, at most ${duration(Math.max(...beats.map(({ late }) => late)))} late`);
    }

    // --- by keyboard: one mark is in the tab order; the arrow keys choose which ---

    #rove() {
        if (!this.chosen || !this.order.includes(this.selected)) this.selected = this.order.at(-1);
        for (const mark of this.order) mark.button.tabIndex = mark === this.selected ? 0 : -1;
    }

    #select(mark) {
        this.selected = mark;
        this.chosen = true; // until then it is the latest
        this.#rove();
        this.onSelect(mark);
    }

    #key(event) {
        const here = this.order.indexOf(this.selected);
        if (here < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
        const target = {
            ArrowLeft: () => this.order[here - 1],
            ArrowRight: () => this.order[here + 1],
            ArrowUp: () => this.#inNextLane(-1),
            ArrowDown: () => this.#inNextLane(1),
            Home: () => this.order[0],
            End: () => this.order.at(-1),
        }[event.key]?.();
        if (target) target.button.focus();
        if (target || event.key.startsWith("Arrow")) event.preventDefault();
    }

    /// The mark of the next lane that has any, nearest in time order.
    #inNextLane(step) {
        const lanes = [...this.body.querySelectorAll(".marks")];
        const laneOf = (mark) => lanes.indexOf(mark.button.parentElement);
        for (let lane = laneOf(this.selected) + step; lane >= 0 && lane < lanes.length; lane += step) {
            const candidates = this.order.filter((mark) => laneOf(mark) === lane);
            const distance = (mark) => Math.abs(mark.seq - this.selected.seq);
            if (candidates.length > 0) return candidates.reduce((a, b) => (distance(b) < distance(a) ? b : a));
        }
        return undefined;
    }
}
