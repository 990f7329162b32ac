// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// For development: tasks in the Timings track of the browser's Performance panel. A mark for each poll, and a measure for
// each task from its creation to its end. `load` with the option `development` comes here.

const ends = new Set(["ready", "failed", "cancelled"]);

const label = ({ name, task }) => `${name || "task"} #${task}`;

/** The options with a `trace` that also marks and measures. */
export const development = (options) => {
  const created = new Map();
  const trace = (event) => {
    options.trace?.(event);
    const { type, at, task } = event;
    if (type === "created") created.set(task, at);
    else if (type === "polled") mark(`${label(event)}: poll`, at);
    else if (type === "lost") mark(`${label(event)}: lost`, at);
    else if (ends.has(type)) {
      measure(`${label(event)}: ${type}`, created.get(task) ?? at, at);
      created.delete(task);
    }
  };
  return { ...options, trace };
};

// What records has its copy when the entry is made; the page's own list would only grow.
const mark = (name, startTime) => {
  performance.mark(name, { startTime });
  performance.clearMarks(name);
};
const measure = (name, start, end) => {
  performance.measure(name, { start, end });
  performance.clearMeasures(name);
};
