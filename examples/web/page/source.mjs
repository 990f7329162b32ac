// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/// Shows pieces of the C++ source as the module was built from it, so that the line numbers are those of the reports.

export async function fetchSource(url) {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    return response.text();
}

/// The lines of the `poll` of the class `name`, as far to the left as they go: [{number, text}].
export function pollLines(lines, name) {
    const start = lines.findIndex((line) => line.startsWith(`class ${name} {`));
    const first = lines.findIndex((line, index) => index > start && line.includes(" poll("));
    if (start < 0 || first < 0) return [];
    const last = lines.indexOf("    }", first);
    return lines.slice(first, last + 1).map((text, index) => ({ number: first + index + 1, text: text.slice(4) }));
}

/// The lines of the function `name`, from its head to the brace that closes it.
export function functionLines(lines, name) {
    const first = lines.findIndex((line) => /^[A-Za-z]/.test(line) && line.includes(` ${name}(`));
    if (first < 0) return [];
    const last = lines.indexOf("}", first);
    return lines.slice(first, last + 1).map((text, index) => ({ number: first + index + 1, text }));
}

/// Puts lines into a <pre>; those whose number is in `hits` are marked, those that are `added` as well, and it shows where lines are left out.
export function showLines(pre, lines, hits = new Set()) {
    pre.replaceChildren(...lines.map(({ number, text, added }, index) => {
        const row = document.createElement("span");
        row.className = "row";
        row.classList.toggle("hit", hits.has(number));
        row.classList.toggle("added", added === true);
        row.classList.toggle("gap", index > 0 && number !== lines[index - 1].number + 1);
        const label = document.createElement("span");
        label.className = "number";
        label.textContent = number;
        const at = text.search(/\/\/(?!.*")/);
        row.append(label, at < 0 ? text || " " : text.slice(0, at));
        if (at >= 0) {
            const comment = document.createElement("span");
            comment.className = "comment";
            comment.textContent = text.slice(at);
            row.append(comment);
        }
        return row;
    }));
}
