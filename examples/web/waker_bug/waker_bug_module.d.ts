// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import type { App, Options, Source } from "./rouse.js";

/** Loads the module, once. `onLostWaker` is "throw" (the default) or "report". */
export default function init(options?: Options & { module_or_path?: Source }): Promise<App>;
export default function init(source: Source | undefined, options?: Options): Promise<App>;

/** A Promise of `value` after `delay_ms` milliseconds. */
export function create_delayed_promise<T>(delay_ms: number, value: T): Promise<T>;
/** Data after `delay_ms` milliseconds, from a future that forgets its waker. */
export function fetch_data_buggy(delay_ms: number): Promise<string>;
/** The same without the bug: by a future that somebody has written already. */
export function fetch_data_correct(delay_ms: number): Promise<string>;
/** The same by a future that keeps its waker by hand. */
export function fetch_data_by_hand(delay_ms: number): Promise<string>;
/** The same by a oneshot channel. */
export function fetch_data_by_channel(delay_ms: number): Promise<string>;
/** Buggy: a JSON text with id, name and email, after 1500 milliseconds. */
export function get_user_data(user_id: number): Promise<string>;
/** Buggy: three fetches in a chain, for configuration, processing and finalizing. */
export function complex_async_operation(): Promise<string>;
/** Buggy: counts down by seconds. */
export function countdown_buggy(seconds: number): Promise<string>;
