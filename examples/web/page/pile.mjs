// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/// The view "without rouse": the same calls to two instances of the module, of which one lets lost tasks hang in silence.

import { duration, Model } from "./inspector/inspector.mjs";
import { load } from "./pkg/rouse.mjs";

const delay = 100; // ms until the result is there that nobody asks for
const atOnce = 25; // calls in one turn of the event loop

/// One instance of the module, and what is counted of it.
class World {
    async start(module, onLostWaker) {
        this.model = new Model({ marksKept: 100, tasksKept: 100_000 });
        this.settled = { calls: 0, values: 0, errors: 0, firstError: undefined, slowestError: 0 };
        this.began = undefined;
        this.sample = undefined;
        this.cpu = 0;
        this.app = await load(module, { onLostWaker, trace: (event) => this.model.event(event), report: () => {}, print: () => {} });
        this.memoryAtStart = this.memory;
    }

    /// The linear memory of the module. It only grows, a page of 64 KiB at least.
    get memory() { return this.app.memory.buffer.byteLength; }

    call(times) {
        const { app, settled } = this;
        this.began ??= performance.now();
        this.sample = undefined;
        const now = Math.min(times, atOnce);
        if (times > now) setTimeout(() => app === this.app && this.call(times - now));
        for (let n = 0; n < now; ++n) {
            const began = performance.now();
            ++settled.calls;
            app.exports.fetch_data_buggy(delay).then(
                () => ++settled.values,
                (error) => {
                    ++settled.errors;
                    settled.firstError ??= error;
                    settled.slowestError = Math.max(settled.slowestError, performance.now() - began);
                },
            );
        }
    }

    /// The share of the time since the last sample that polls took, in percent.
    measure() {
        const now = performance.now();
        if (this.sample) this.cpu = (100 * (this.model.busy - this.sample.busy)) / Math.max(1, now - this.sample.at);
        this.sample = { at: now, busy: this.model.busy };
    }
}

const kib = (bytes) => (bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`);

export class Pile {
    constructor(table, module) {
        this.module = module;
        this.worlds = [new World(), new World()];
        this.rows = new Map();
        for (const [key, says] of [
            ["promises", "What JavaScript has heard"],
            ["waiting", "Time it has been waiting"],
            ["tasks", "Tasks that are there"],
            ["cpu", "CPU: time spent in polls"],
            ["memory", "Memory of the module"],
        ]) {
            const row = table.tBodies[0].insertRow();
            const head = document.createElement("th");
            head.scope = "row";
            head.textContent = says;
            row.append(head);
            row.dataset.row = key;
            this.rows.set(key, [row.insertCell(), row.insertCell()]);
        }
    }

    async start() {
        for (const { app } of this.worlds) app?.dispose();
        await Promise.all([this.worlds[0].start(this.module, "report"), this.worlds[1].start(this.module, "throw")]);
        this.draw();
    }

    call(times) {
        for (const world of this.worlds) world.call(times);
        this.draw();
    }

    draw() {
        const most = Math.max(...this.worlds.map(({ memory }) => memory));
        this.worlds.forEach((world, side) => {
            const { calls, values, errors, firstError, slowestError } = world.settled;
            world.measure();
            const heard = calls === 0 ? "–" : errors + values === 0 ? `nothing, of ${calls.toLocaleString("en")}` : `${errors.toLocaleString("en")} × ${firstError.name}`;
            const open = calls - values - errors;
            this.#cell("promises", side, heard, calls === 0 ? "" : open > 0 ? "bad" : "good");
            const waiting = calls === 0 ? "–" : open > 0 ? `${duration(performance.now() - world.began)} and counting` : `${duration(slowestError)} at most, then it knew`;
            this.#cell("waiting", side, waiting, calls === 0 ? "" : open > 0 ? "bad" : "good");
            const { lost } = world.model.alive;
            this.#cell("tasks", side, `${lost.toLocaleString("en")} that can never end`, lost > 0 ? "bad" : "");
            this.#cell("cpu", side, `${world.cpu.toFixed(1)} %`, "");
            const grown = world.memory - world.memoryAtStart;
            this.#cell("memory", side, grown > 0 ? `${kib(world.memory)}, grown by ${kib(grown)}` : kib(world.memory), grown > 0 && lost > 0 ? "bad" : "", world.memory / most);
        });
    }

    #cell(row, side, text, tone, part) {
        const cell = this.rows.get(row)[side];
        cell.className = tone;
        if (cell.firstChild?.textContent !== text) cell.replaceChildren(document.createTextNode(text), ...(part === undefined ? [] : [document.createElement("span")]));
        if (part === undefined) return;
        cell.lastChild.className = "bar";
        cell.lastChild.style.width = `${100 * part}%`;
    }
}
