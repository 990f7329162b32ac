// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What an await and a switch cost, beside what JavaScript itself takes for the same in the same run. The rounds alternate; the
// figure is the median.
import { start } from "./modules.mjs";

const promises = (await start("promises")).exports;
const tasks = (await start("tasks")).exports;
const rounds = 9;

const resolved = Promise.resolve(1);
const awaitInJavaScript = async (count) => {
  let sum = 0;
  for (let i = 0; i < count; ++i) sum += await resolved;
  return sum;
};
const microtasks = (count) =>
  new Promise((done) => {
    const next = () => (count-- > 0 ? queueMicrotask(next) : done());
    next();
  });

const nanosecondsEach = async (count, act) => {
  const begin = performance.now();
  await act(count);
  return ((performance.now() - begin) * 1e6) / count;
};
const compare = async (count, ours, theirs) => {
  const times = [[], []];
  for (let round = 0; round <= rounds; ++round) {
    const pair = [await nanosecondsEach(count, ours), await nanosecondsEach(count, theirs)];
    if (round > 0) pair.forEach((time, i) => times[i].push(time)); // the first one warms up
  }
  const text = ([middle, low, high]) => `${middle.toFixed(0)} ns (${low.toFixed(0)} to ${high.toFixed(0)})`;
  const [a, b] = times.map((list) => {
    list.sort((x, y) => x - y);
    return [list[rounds >> 1], list[0], list.at(-1)];
  });
  return { ours: text(a), theirs: text(b), ratio: a[0] / b[0] };
};

console.log(
  JSON.stringify({
    await: await compare(100_000, (n) => promises.await_times(n, resolved), awaitInJavaScript),
    switch: await compare(200_000, tasks.switches, microtasks),
  }),
);
