// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/// The functions of waker_bug_module.cpp for a page: `await init()`, then call them.

import { load } from "./rouse.mjs";

let loading;
let app;

const isSource = (value) =>
    typeof value === "string" ||
    value instanceof URL ||
    value instanceof Promise ||
    value instanceof ArrayBuffer ||
    ArrayBuffer.isView(value) ||
    value instanceof WebAssembly.Module ||
    (typeof Response !== "undefined" && value instanceof Response);

/// Loads the module, once, however often it is called: the .wasm that lies beside this file, or another that is given. `options` are
/// those of `load`: `onLostWaker` is "throw", which is the default, or "report". Resolves with the running module.
export default function init(source, options) {
    if (source !== undefined && !isSource(source)) [source, options] = [source?.module_or_path, source];
    loading ??= start(source ?? new URL("./waker_bug_module_bg.wasm", import.meta.url), options ?? {});
    return loading;
}

async function start(source, options) {
    try {
        app = await load(source, options);
        return app;
    } catch (error) {
        loading = undefined; // the next call may have more luck
        throw error;
    }
}

function exported(name) {
    return (...args) => {
        if (!app) throw new Error(`${name}: call init() first, and wait for it`);
        return app.exports[name](...args);
    };
}

/// A Promise of `value` after `delay_ms` milliseconds.
export const create_delayed_promise = exported("create_delayed_promise");

/// Data after `delay_ms` milliseconds, from a future that forgets its waker.
export const fetch_data_buggy = exported("fetch_data_buggy");

/// The same without the bug: by a future that somebody has written already.
export const fetch_data_correct = exported("fetch_data_correct");

/// The same by a future that keeps its waker by hand.
export const fetch_data_by_hand = exported("fetch_data_by_hand");

/// The same by a oneshot channel.
export const fetch_data_by_channel = exported("fetch_data_by_channel");

/// Buggy: a JSON text with id, name and email, after 1500 milliseconds.
export const get_user_data = exported("get_user_data");

/// Buggy: three fetches in a chain, for configuration, processing and finalizing.
export const complex_async_operation = exported("complex_async_operation");

/// Buggy: counts down by seconds.
export const countdown_buggy = exported("countdown_buggy");
