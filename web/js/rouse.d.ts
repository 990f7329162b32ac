// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/** What is done about a task that nobody can wake: its Promise is rejected, or it is reported and left to hang. */
export type HangPolicy = "throw" | "report";

export type EventType =
  | "created"
  | "polled"
  | "pending"
  | "waker_cloned"
  | "waker_dropped"
  | "woken"
  | "ready"
  | "failed"
  | "lost"
  | "cancelled"
  | "promise_awaited"
  | "promise_resolved"
  | "promise_rejected"
  | "timer_set"
  | "timer_fired"
  | "promise_collected";

/** Something that happened to a task. */
export interface TraceEvent {
  type: EventType;
  /** By `performance.now()`. */
  at: number;
  /** The id of the task; 0: none. */
  task: number;
  name: string;
  /** What was awaited, who dropped the waker, ... */
  detail?: string;
  /** The await that it happened in, or the place of the spawn. */
  file?: string;
  line?: number;
}

/** A task that has not ended. */
export interface TaskInfo {
  id: number;
  name: string;
  state: "idle" | "queued" | "running" | "lost";
  polls: number;
  /** Wakers that are alive: with none, an idle task is lost. */
  wakers: number;
  awaiting: {
    /** The type of the future. */
    type: string;
    /** What it waits for, in words; may be empty. */
    kind: string;
    file: string;
    line: number;
  };
  /** When it was created, by `performance.now()`. */
  since: number;
}

export interface ReportInfo {
  /** "lost", "unhandled", "deadlock" or "trap". */
  kind: string;
  task?: number;
}

export interface Options {
  /** Default: "throw". */
  onLostWaker?: HangPolicy;
  /** A line that C++ printed. Default: `console.log`. */
  print?(line: string): void;
  /** A report in words, made whatever the policy. Default: `console.error`. */
  report?(text: string, info: ReportInfo): void;
  /** Every event of every task. Without it nothing is spent on events. */
  trace?(event: TraceEvent): void;
  /** More imports for the module. */
  imports?: WebAssembly.Imports;
  /** Tasks in the Performance panel, and async stacks where `console.createTask` exists. */
  development?: boolean;
}

export type Source = string | URL | Response | Promise<Response> | BufferSource | WebAssembly.Module;

/** What a module exports by ROUSE_EXPORT and ROUSE_EXPORT_ASYNC, if nobody says it more exactly. */
export type AnyExports = Record<string, (...args: any[]) => any>;

export interface App<Exports = AnyExports> {
  readonly exports: Exports;
  /** The compiled module: to be posted to a worker, and loaded there. */
  readonly module: WebAssembly.Module;
  /** What C++ has; its buffer is another one after each growth. */
  readonly memory: WebAssembly.Memory;
  /** JavaScript values that C++ refers to; undefined, null, booleans and small integers are copied, and not counted. */
  liveHandles(): number;
  tasks(): TaskInfo[];
  setPolicy(policy: HangPolicy): void;
  /** Tears the module down: every task is destroyed, and what it owed is rejected. */
  dispose(): void;
}

/**
 * Loads a module that was linked with rouse's web library.
 *
 * ```ts
 * interface Exports { fetch_data(delayMs: number): Promise<string>; }
 * const app = await load<Exports>(new URL("app.wasm", import.meta.url));
 * console.log(await app.exports.fetch_data(100));
 * ```
 */
export function load<Exports = AnyExports>(source: Source, options?: Options): Promise<App<Exports>>;
