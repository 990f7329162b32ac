// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/// The one time axis that all rows of a timeline share. Two of them: on the one every event has a place of its own, in the order in
/// which it was seen, and long waits are folded; the other is true to scale.
///
/// Both answer the same: `x(mark)`, `at(time)` for what is no mark, `end` (where now is), `ticks` ({x, text}) and `folds`
/// ({from, to, text}).

/// A duration in the unit that fits.
export function duration(ms) {
    if (ms < 0.095) return `${Math.max(0, ms).toFixed(2)} ms`;
    if (ms < 9.95) return `${ms.toFixed(1)} ms`;
    if (ms < 999.5) return `${Math.round(ms)} ms`;
    if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9950 ? 2 : 1)} s`;
    const seconds = Math.round(ms / 1000);
    return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export const foldedFrom = 30; // ms without an event that are worth a fold
const foldWidth = (ms) => (ms < foldedFrom ? 0 : Math.min(150, 66 + 20 * Math.log10(ms / foldedFrom)));

/// Time to place, linear between known points, which are in order.
function interpolate(points, time) {
    if (points.length === 0) return 0;
    let low = 0;
    let high = points.length - 1;
    if (time <= points[low].at) return points[low].x;
    if (time >= points[high].at) return points[high].x;
    while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (points[middle].at <= time) low = middle;
        else high = middle;
    }
    const [a, b] = [points[low], points[high]];
    return a.x + ((b.x - a.x) * (time - a.at)) / (b.at - a.at || 1);
}

const step = 24; // px from an event to the next, in whatever row
const room = 56; // px from an event to the next of its row, for the words

/// stepAxis(marks, now, laneOf): `marks` in their order, `now` the present time, or undefined if nothing goes on; `laneOf(mark)` is any
/// key of the row in which the mark stands.
export function stepAxis(marks, now, laneOf) {
    const places = new Map();
    const points = [];
    const ticks = [];
    const folds = [];
    const lastOfLane = new Map();
    const start = marks[0]?.at ?? now ?? 0;
    let x = room / 2 - step;
    let previous;
    let labelled = -Infinity;
    let text;
    for (const mark of marks) {
        const gap = previous === undefined ? 0 : mark.at - previous;
        const fold = foldWidth(gap);
        const lane = laneOf(mark);
        const before = x;
        x = Math.max(x + step + fold, (lastOfLane.get(lane) ?? -Infinity) + room);
        lastOfLane.set(lane, x);
        if (fold > 0) folds.push({ from: before + 12, to: x - 12, text: duration(gap) });
        places.set(mark.seq, x);
        points.push({ at: mark.at, x });
        const label = duration(mark.at - start);
        if (label !== text && x - labelled >= (fold > 0 ? 60 : 100)) {
            ticks.push({ x, text: label });
            labelled = x;
            text = label;
        }
        previous = mark.at;
    }
    let end = x;
    if (now !== undefined && previous !== undefined) {
        const wait = Math.max(0, now - previous);
        end = x + Math.max(step, foldWidth(wait));
        if (wait >= foldedFrom) folds.push({ from: x + 12, to: end, text: duration(wait) });
        points.push({ at: now, x: end });
    }
    return { x: (mark) => places.get(mark.seq), at: (time) => interpolate(points, time), end, ticks, folds };
}

/// trueAxis(marks, now, width): the whole time on `width` pixels.
export function trueAxis(marks, now, width) {
    const start = marks[0]?.at ?? now ?? 0;
    const stop = Math.max(now ?? -Infinity, marks.at(-1)?.at ?? start, start + 1);
    const inset = 14;
    const scale = (width - 2 * inset) / (stop - start);
    const at = (time) => inset + Math.min(Math.max(time - start, 0), stop - start) * scale;
    const ticks = [];
    const steps = [1, 2, 5].flatMap((digit) => [0.1, 1, 10, 100, 1000, 10_000, 100_000].map((power) => digit * power)).sort((a, b) => a - b);
    const step = steps.find((ms) => ms * scale >= 72) ?? steps.at(-1);
    for (let ms = 0; ms <= stop - start; ms += step) ticks.push({ x: at(start + ms), text: ms === 0 ? "0" : duration(ms) });
    return { x: (mark) => at(mark.at), at, end: at(stop), ticks, folds: [] };
}
