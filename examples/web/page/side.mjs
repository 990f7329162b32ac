// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/// One of the two cards: the state of one call, its counts, its checklist, its source.

import { checklist, describe, duration, emptyChecklist } from "./inspector/inspector.mjs";
import { showLines } from "./source.mjs";

const ticks = { yes: ["✓", "done"], no: ["✗", "not done"], open: ["·", "not yet"] };

/// {state, title, text} of a call: what its task and the Promise have come to.
export function outcome(call, now) {
    if (!call) return { state: "idle", title: "Not run yet", text: "" };
    const took = duration((call.ended ?? now) - call.began);
    if (call.state === "returned") return { state: "ready", title: `Ready after ${took}`, text: `JavaScript got ${describe(call.outcome)}` };
    if (call.state === "threw") {
        const lost = call.outcome?.name === "LostWaker";
        const said = describe(call.outcome).split("\n", 1)[0];
        return { state: lost ? "lost" : "failed", title: lost ? `LostWaker after ${took}` : `Failed after ${took}`, text: `JavaScript caught ${said}` };
    }
    if (call.task?.lost) return { state: "hanging", title: `Hanging for ${took}`, text: "JavaScript waits, and hears nothing. Nobody can ever wake this task." };
    return { state: "pending", title: `Pending for ${took}`, text: "JavaScript awaits the Promise." };
}

export class Side {
    /// `announce(text)` is told of each change of the state, for those who cannot see it.
    constructor(node, model, announce) {
        this.node = node;
        this.model = model;
        this.announce = announce;
        this.call = null;
        this.lines = [];
        this.hits = new Set();
        const find = (selector) => node.querySelector(selector);
        [this.stateNode, this.numbers, this.list, this.pre, this.callNode] = [".state", ".numbers", ".checklist", ".source pre", ".call"].map(find);
        this.stateNode.append(document.createElement("b"), document.createElement("span"));
        this.cells = ["polls", "wakers alive", "wakers cloned", "wakes"].map((word) => {
            const [box, term, value] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
            term.textContent = word;
            box.append(term, value);
            this.numbers.append(box);
            return value;
        });
        for (const { says } of emptyChecklist()) {
            const item = document.createElement("li");
            const tick = document.createElement("span");
            tick.className = "tick";
            item.append(tick, says);
            this.list.append(item);
        }
        this.draw();
    }

    /// `text` is how the call looks in the source of a page.
    follow(call, text) {
        this.call = call;
        this.hits = new Set();
        this.callNode.textContent = text;
    }

    show(lines) {
        this.lines = lines;
        showLines(this.pre, lines, this.hits);
    }

    /// Marks the line of the source where the task was lost.
    mark(line) {
        if (this.hits.has(line)) return;
        this.hits.add(line);
        showLines(this.pre, this.lines, this.hits);
        const row = this.pre.querySelector(".hit");
        if (row) this.pre.scrollTop = row.offsetTop - this.pre.clientHeight / 2;
    }

    /// `wakersOf(id)` says how many wakers of a task there are.
    draw(wakersOf = () => 0) {
        const { call } = this;
        const { state, title, text } = outcome(call, this.model.now());
        if (this.node.dataset.state !== state) {
            this.node.dataset.state = state;
            this.announce(`${this.node.querySelector("h3").textContent}: ${title}`);
        }
        setText(this.stateNode.children[0], title);
        setText(this.stateNode.children[1], text);
        const task = call?.task;
        const counts = task ? [task.polls, wakersOf(task.id), task.clones, task.wakes] : [0, 0, 0, 0];
        this.cells.forEach((cell, index) => setText(cell, String(counts[index])));
        checklist(this.model, call).forEach(({ verdict }, index) => {
            const item = this.list.children[index];
            const [sign, word] = ticks[verdict];
            item.dataset.verdict = verdict;
            setText(item.firstChild, sign);
            item.firstChild.setAttribute("aria-label", word);
            item.firstChild.setAttribute("role", "img");
        });
    }
}

function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}
