// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/// The inspector: what the tasks of a module do, live, in any page.
///
///     import { inspect } from "./inspector/inspector.mjs";
///     const app = await load("app.wasm", inspect());
///
/// `inspect` returns options for `load`, with a panel behind them that is docked to the bottom of the page, or lies in the element
/// `into`.

import { duration } from "./axis.mjs";
import { describe, kinds, Model } from "./model.mjs";
import { quote } from "./quote.mjs";
import { element, Timeline } from "./timeline.mjs";

export { checklist, emptyChecklist } from "./checklist.mjs";
export { describe, duration, Model };

const beatEvery = 250; // ms

/// inspect({ into, title, readSource, ...options }): `options` are for `load` (or for the `init` of a module), and come back with `trace` and
/// `report` added; both still call those of the caller, and a report goes to the console if there is none. `inspector` among them is the panel. `readSource(file)`, which gives the text of
/// a source file or a Promise of it, lets reports quote the line that they are about.
export function inspect({ into, title = "Tasks", readSource, ...options } = {}) {
    const inspector = new Inspector(into, title, readSource);
    return {
        ...options,
        inspector,
        trace(event) {
            inspector.model.event(event);
            options.trace?.(event);
        },
        report(text, info) {
            inspector.report(text, info);
            (options.report ?? console.error)(text, info);
        },
    };
}

/// The panel. Events that come another way, from a worker for instance, are handed in by `event` and `report`.
export class Inspector {
    #frame = 0;
    #beat = 0;
    #expected = 0;
    #stop;

    constructor(into, title = "Tasks", readSource = undefined) {
        this.model = new Model();
        this.readSource = readSource;
        this.host = document.createElement("div");
        this.host.className = "rouse-inspector";
        const root = this.host.attachShadow({ mode: "open" });
        this.timeline = new Timeline(this.model, (mark) => this.#describe(mark));
        this.summary = element("span.summary", { role: "status" });
        this.detail = element("p.detail", { role: "status" }, "Choose an event to read what it means.");
        this.reports = element("div.reports");
        this.hint = element("p.hint", {}, "Nothing has run yet.");
        const clear = element("button.clear", { type: "button", onclick: () => this.clear() }, "Clear");
        const panel = element(
            "section.panel",
            { "aria-label": title },
            element("header", {}, element("h2", {}, title), this.summary, this.#scaleSwitch(), clear),
            this.timeline.more,
            this.timeline.node,
            this.hint,
            this.detail,
            this.reports,
        );
        const style = element("link", { rel: "stylesheet", href: new URL("./inspector.css", import.meta.url).href, onload: () => this.#schedule() });
        root.append(style, into ? panel : this.#dock(panel, title));
        (into ?? document.body).append(this.host);
        this.#stop = this.model.onChange(() => this.#schedule());
        this.resizes = new ResizeObserver(() => this.#schedule());
        this.resizes.observe(this.timeline.node);
        this.#schedule();
    }

    /// One trace event.
    event(event) { this.model.event(event); }

    /// One report.
    report(text, info) {
        const report = this.model.report(text, info);
        if (!this.readSource) return;
        quote(report.text, this.readSource).then((quoted) => {
            report.text = quoted;
            this.lastReport = undefined;
            this.#schedule();
        }, () => {}); // a source that cannot be read is not quoted
    }

    /// watch(name, call): calls `call()` and shows in the JavaScript row of its task how long the Promise that it returns is awaited, and
    /// what came of it. Returns what `call` returned.
    watch(name, call) { return this.model.watch(name, call); }

    /// Forgets what has ended.
    clear() {
        this.timeline.clear();
        this.model.clear();
        this.detail.textContent = "Choose an event to read what it means.";
    }

    /// Takes the panel out of the page. What is handed in afterwards is counted and not shown.
    remove() {
        this.#stop();
        this.resizes.disconnect();
        clearInterval(this.#beat);
        cancelAnimationFrame(this.#frame);
        this.#frame = -1;
        this.host.remove();
    }

    #dock(panel, title) {
        const box = element("details.dock", { open: true }, element("summary", {}, title), panel);
        box.addEventListener("toggle", () => this.#schedule());
        return box;
    }

    #scaleSwitch() {
        const choice = (value, text, checked) =>
            element("label", {}, element("input", { type: "radio", name: "scale", value, checked, onchange: () => {
                this.timeline.scale = value;
                this.#schedule();
            } }), element("span", {}, text));
        return element("fieldset.switch", {}, element("legend", {}, "Time axis"), choice("steps", "Every event", true), choice("true", "To scale", false));
    }

    /// One drawing per frame, however much happened; while anything goes on, also one per beat.
    #schedule() {
        if (this.#frame === 0) {
            this.#frame = requestAnimationFrame(() => {
                this.#frame = 0;
                this.#draw();
            });
        }
        if (this.#beat === 0 && this.model.unsettled) {
            this.#expected = performance.now() + beatEvery;
            this.#beat = setInterval(() => this.#onBeat(), beatEvery);
        }
    }

    #onBeat() {
        const now = performance.now();
        this.timeline.beat(now, Math.max(0, now - this.#expected));
        this.#expected = now + beatEvery;
        this.#schedule();
        if (this.model.unsettled) return;
        clearInterval(this.#beat);
        this.#beat = 0;
    }

    #draw() {
        const { model } = this;
        const { alive, lost } = model.alive;
        const counts = [`${model.created} created`, `${alive} alive`];
        if (lost > 0) counts.push(`${lost} hanging`);
        this.summary.textContent = counts.join(" · ");
        this.hint.hidden = model.marks.length > 0;
        this.timeline.draw();
        if (this.reports.childElementCount !== model.reports.length || this.lastReport !== model.reports.at(-1)) {
            this.lastReport = model.reports.at(-1);
            this.reports.replaceChildren(...model.reports.map((report) => element("pre.report", { tabindex: "0" }, ...reportLines(report.text))));
        }
    }

    #describe(mark) {
        const start = this.timeline.order[0]?.at ?? mark.at;
        const kind = kinds[mark.type];
        const owner = mark.task ? `task ${mark.task.id} ${mark.task.name}` : mark.call.name;
        const place = mark.file ? ` ${mark.file}:${mark.line}` : "";
        this.detail.replaceChildren(
            element("strong", {}, `${duration(mark.at - start)}  ${kind.label}`),
            ` ${owner}. ${kind.says}`,
            ...(mark.detail ? [" ", element("span.more-detail", {}, String(mark.detail))] : []),
            ...(place ? [element("code", {}, place)] : []),
        );
    }
}

/// A report, with its source line and its first line marked.
export function reportLines(text) {
    return text.replace(/\n+$/, "").split("\n").flatMap((line, index) => {
        const kind = index === 0 ? "b.head" : /^\s*\d+ \|/.test(line) ? "mark.source" : /^\s*help:/.test(line) ? "span.help" : undefined;
        return [...(index > 0 ? ["\n"] : []), kind ? element(kind, {}, line) : line];
    });
}
