// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/// quote(report, readSource): the report with the line of source under the place that it names first, as a native program has it, which
/// can read its files itself. `readSource(file)` gives the text of a file, or a Promise of it, or nothing.
export async function quote(report, readSource) {
    const lines = report.split("\n");
    const at = lines.findIndex((line) => /^ +\S+:\d+ {2}/.test(line));
    if (at < 0 || /^ *\d+ \|/.test(lines[at + 1] ?? "")) return report;
    const [, file, number] = lines[at].match(/^ +(\S+):(\d+) /);
    const source = await readSource(file);
    const text = source?.split("\n")[number - 1]?.trim();
    if (!text) return report;
    lines.splice(at + 1, 0, `${number.padStart(8)} |     ${text}`);
    return lines.join("\n");
}
