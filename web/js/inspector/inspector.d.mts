// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import type { Options, ReportInfo, TraceEvent } from "../rouse.js";

export interface InspectOptions extends Options {
    /** Where the panel goes; without it, it is docked to the bottom of the page. */
    into?: Element;
    title?: string;
    /** The text of a source file of the module, so that reports quote the line that they are about. */
    readSource?(file: string): string | undefined | Promise<string | undefined>;
}

/** Options for `load`, with the inspector's panel behind them: `const app = await load("app.wasm", inspect())`. */
export function inspect(options?: InspectOptions): Options & { inspector: Inspector };

export class Inspector {
    constructor(into?: Element, title?: string, readSource?: InspectOptions["readSource"]);
    /** For events that come another way, from a worker for instance. */
    event(event: TraceEvent): void;
    report(text: string, info?: ReportInfo): void;
    /** Calls `call` and shows beside its task how long the Promise that it returns is awaited, and what came of it. */
    watch<T>(name: string, call: () => T): T;
    /** Forgets what has ended. */
    clear(): void;
    /** Takes the panel out of the page. */
    remove(): void;
}
