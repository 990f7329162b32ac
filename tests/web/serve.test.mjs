// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { serve } from "../../tools/web/serve.mjs";

const program = fileURLToPath(new URL("../../tools/web/serve.mjs", import.meta.url));
let outside;
let folder;
let served;

before(async () => {
    outside = mkdtempSync(join(tmpdir(), "rouse-serve-"));
    folder = join(outside, "site");
    mkdirSync(join(folder, "pkg"), { recursive: true });
    writeFileSync(join(outside, "secret.txt"), "secret");
    mkdirSync(join(outside, "site-of-another"));
    writeFileSync(join(outside, "site-of-another", "secret.txt"), "secret");
    symlinkSync(join(outside, "secret.txt"), join(folder, "link.txt"));
    for (const name of ["index.html", "page.css", "page.mjs", "pkg/module.js", "pkg/module.wasm", "other.bin", "a b.html"]) writeFileSync(join(folder, name), `this is ${name}`);
    served = await serve(folder, 0);
});

after(() => {
    served.server.close();
    served.server.closeAllConnections();
    rmSync(outside, { recursive: true });
});

/// A request whose path is sent as it is: fetch would tidy it.
function ask(path, method = "GET") {
    return new Promise((resolve, reject) => {
        const { port } = new URL(served.address);
        const sent = request({ host: "127.0.0.1", port, path, method }, (response) => {
            let text = "";
            response.setEncoding("utf8").on("data", (part) => { text += part; });
            response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
        });
        sent.on("error", reject).end();
    });
}

test("each_kind_of_file_has_its_type", async () => {
    for (const [path, type] of [
        ["/", "text/html; charset=utf-8"],
        ["/page.css", "text/css; charset=utf-8"],
        ["/page.mjs", "text/javascript; charset=utf-8"],
        ["/pkg/module.js", "text/javascript; charset=utf-8"],
        ["/pkg/module.wasm", "application/wasm"],
        ["/other.bin", "application/octet-stream"],
    ]) {
        const { status, headers } = await ask(path);
        assert.deepEqual([path, status, headers["content-type"]], [path, 200, type]);
    }
});

test("a_query_is_ignored_and_an_escaped_name_is_found", async () => {
    assert.equal((await ask("/page.mjs?x=1")).text, "this is page.mjs");
    assert.equal((await ask("/a%20b.html")).text, "this is a b.html");
});

test("nothing_outside_the_folder_is_served", async () => {
    for (const path of ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/pkg/..%2f..%2fsecret.txt", "/..%2fsite-of-another/secret.txt", "/link.txt", "//secret.txt"]) {
        const { status, text } = await ask(path);
        assert.deepEqual([path, status, text.includes("this is secret")], [path, 404, false]);
    }
});

test("what_is_not_there_and_what_is_no_path_are_404", async () => {
    for (const path of ["/none", "/pkg/", "/%ff", "/%00", "/page.css/more"]) assert.deepEqual([path, (await ask(path)).status], [path, 404]);
});

test("head_has_no_body_and_other_methods_are_refused", async () => {
    const { status, headers, text } = await ask("/page.css", "HEAD");
    assert.deepEqual([status, headers["content-length"], text], [200, "16", ""]);
    assert.equal((await ask("/page.css", "POST")).status, 405);
});

test("it_listens_on_the_loopback_interface_only", () => {
    assert.equal(served.server.address().address, "127.0.0.1");
});

test("a_port_that_is_taken_is_said", async () => {
    const holder = createServer();
    await new Promise((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const { port } = holder.address();
    const { status, stderr } = spawnSync(process.execPath, [program, folder, "--port", String(port)], { encoding: "utf8" });
    holder.close();
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`^Port ${port} is taken\\. Choose another: --port N`));
});

test("bad_arguments_are_said_and_end_with_2", () => {
    for (const [args, pattern] of [
        [[folder, "--prot", "1"], /unknown argument: --prot/],
        [[folder, "--port"], /--port takes a number from 0 to 65535, not ""/],
        [[folder, "--port", "80a"], /not "80a"/],
        [[folder, "--port", "65536"], /not "65536"/],
        [[], /usage/],
    ]) {
        const { status, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
        assert.equal(status, 2);
        assert.match(stderr, pattern);
    }
});

test("a_folder_that_is_not_there_is_said", () => {
    const { status, stderr } = spawnSync(process.execPath, [program, join(folder, "none")], { encoding: "utf8" });
    assert.equal(status, 1);
    assert.match(stderr, /^Cannot serve /);
});
