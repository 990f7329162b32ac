// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/// Serves a folder on the loopback interface. As a program: node serve.mjs FOLDER [--port N]; it prints the address and runs until
/// it is interrupted.

import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, sep } from "node:path";
import { pipeline } from "node:stream";
import { fileURLToPath } from "node:url";

const types = {
    ".cpp": "text/plain; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ts": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
};

/// The file of `folder` that a request means, and its size; undefined if there is none, or if it lies elsewhere.
async function find(folder, target) {
    try {
        const path = decodeURIComponent(new URL(`http://localhost${target}`).pathname);
        let file = await realpath(join(folder, path));
        if (file !== folder && !file.startsWith(folder + sep)) return undefined;
        let facts = await stat(file);
        if (facts.isDirectory()) {
            file = join(file, "index.html");
            facts = await stat(file);
        }
        return facts.isFile() ? { file, size: facts.size } : undefined;
    } catch {
        return undefined; // not there, not readable, or no path at all: the answer is the same
    }
}

async function answer(folder, request, response) {
    const refuse = (status, text) => response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
    if (request.method !== "GET" && request.method !== "HEAD") return refuse(405, "Only GET and HEAD.");
    const found = await find(folder, request.url);
    if (!found) return refuse(404, "There is no such file.");
    response.writeHead(200, {
        "content-type": types[extname(found.file)] ?? "application/octet-stream",
        "content-length": found.size,
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
    });
    if (request.method === "HEAD") return response.end();
    pipeline(createReadStream(found.file), response, () => {}); // a reader that goes away is no failure of ours
}

/// serve(folder, port): listens on 127.0.0.1; port 0 takes a free one. Resolves with {server, address}; rejects if it cannot listen.
export async function serve(folder, port) {
    const root = await realpath(folder);
    const server = createServer((request, response) => answer(root, request, response));
    await new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, "127.0.0.1", resolve);
    });
    return { server, address: `http://127.0.0.1:${server.address().port}/` };
}

function fail(text, status) {
    console.error(text);
    process.exit(status);
}

async function main([folder, ...options]) {
    let port = 8080;
    if (!folder) fail("usage: serve.mjs FOLDER [--port N]", 2);
    for (let n = 0; n < options.length; ++n) {
        if (options[n] !== "--port") fail(`unknown argument: ${options[n]}`, 2);
        const text = options[++n] ?? "";
        port = Number(text);
        if (!/^\d{1,5}$/.test(text) || port > 65535) fail(`--port takes a number from 0 to 65535, not "${text}"`, 2);
    }
    try {
        const { server, address } = await serve(folder, port);
        console.log(`The waker bug, in your browser: ${address}   (Ctrl-C ends it)`);
        for (const signal of ["SIGINT", "SIGTERM"]) {
            process.on(signal, () => {
                server.close();
                server.closeAllConnections();
            });
        }
    } catch (error) {
        if (error.code === "EADDRINUSE") fail(`Port ${port} is taken. Choose another: --port N (0 takes any that is free).`, 1);
        if (error.code === "EACCES") fail(`Port ${port} may not be used: ${error.message}`, 1);
        fail(`Cannot serve ${folder}: ${error.message}`, 1);
    }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
