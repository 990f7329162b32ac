// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What an await and a switch cost, beside what JavaScript itself takes for the same in the same run. The rounds alternate. A
// machine that does something else meanwhile makes rounds slower, never faster: so the figure is the best round of each; the
// median is told beside it. As many rounds more are done as a machine may need that is busy all the time, for as long as the
// goal is not reached: who does not reach it in any of them is slow.
import { start } from "./modules.mjs";

const rounds = 100;
const mostRounds = 500;

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
const compare = async (goal, count, ours, theirs) => {
  const times = [[], []];
  const ratio = () => Math.min(...times[0]) / Math.min(...times[1]);
  for (let round = 0; round < rounds || (round < mostRounds && ratio() > goal); ++round) {
    times[0].push(await nanosecondsEach(count, ours));
    times[1].push(await nanosecondsEach(count, theirs));
  }
  for (const list of times) list.sort((x, y) => x - y);
  const [a, b] = times.map((list) => `${list[0].toFixed(0)} ns (median ${list[list.length >> 1].toFixed(0)})`);
  return { goal, ours: a, theirs: b, ratio: ratio() };
};

const { await_times } = (await start("promises")).exports;
const figures = { await: await compare(3, 20_000, (n) => await_times(n, resolved), awaitInJavaScript) };
const { switches } = (await start("tasks")).exports;
figures.switch = await compare(1, 20_000, switches, microtasks);
console.log(JSON.stringify(figures));
