// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import init, * as module from "../pkg/waker_bug_module.js";

const events = [];
await init({ trace: (event) => events.push({ ...event, at: event.at + performance.timeOrigin }), report: () => {}, print: () => {} });
const correct = await module.fetch_data_correct(20);
const buggy = await module.fetch_data_buggy(20).catch((error) => ({ name: error.name, message: error.message }));
postMessage({ correct, buggy, events });
