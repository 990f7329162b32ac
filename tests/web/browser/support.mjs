// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

/// A real Chromium, and the site that `./run web` serves with the pages of the tests beside it.
/// ROUSE_WEB_BUILD names the build folder, ROUSE_CHROMIUM the browser, ROUSE_SCREENSHOTS where pictures go.

import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, afterEach, before } from "node:test";
import { fileURLToPath } from "node:url";

import { serve } from "../../../tools/web/serve.mjs";
import { buildFolder } from "../modules.mjs";

const { chromium } = createRequire(resolve(buildFolder, "../npm/package.json"))("playwright-core");
const near = (path) => fileURLToPath(new URL(path, import.meta.url));
const site = join(buildFolder, "site");
const pictures = process.env.ROUSE_SCREENSHOTS ?? near("../../../build/screenshots");

// As root, without a network, and with a first start that asks for nothing.
const switches = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--js-flags=--expose-gc",
];

export const wide = { viewport: { width: 1280, height: 900 } };
export const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
export const dark = { ...wide, colorScheme: "dark" };

/// Serves and launches for the tests of a file. `address` is where the site is, once they run; the pages of the tests are in pages/.
export function withBrowser() {
    const all = { address: undefined, open, picture };
    let folder;
    let server;
    let browser;

    before(async () => {
        if (!existsSync(join(site, "index.html"))) throw new Error(`there is no site in ${site}: build the target web_site first`);
        folder = mkdtempSync(join(tmpdir(), "rouse-site-"));
        cpSync(site, folder, { recursive: true });
        cpSync(near("pages"), join(folder, "pages"), { recursive: true });
        mkdirSync(pictures, { recursive: true });
        ({ server, address: all.address } = await serve(folder, 0));
        browser = await chromium.launch({ executablePath: process.env.ROUSE_CHROMIUM ?? "/usr/bin/chromium", args: switches });
    });
    afterEach(async () => {
        for (const context of browser?.contexts() ?? []) await context.close();
    });
    after(async () => {
        await browser?.close();
        server?.close();
        server?.closeAllConnections();
        if (folder) rmSync(folder, { recursive: true });
    });

    /// A fresh page. `page.faults` has what went wrong in it: exceptions, errors on the console, requests that failed.
    async function open(path = "", options = wide) {
        const context = await browser.newContext(options);
        const page = await context.newPage();
        page.setDefaultTimeout(20_000);
        page.faults = [];
        page.said = [];
        page.on("pageerror", (error) => page.faults.push(`exception: ${error.stack}`));
        page.on("console", (message) => (message.type() === "error" ? page.faults : page.said).push(message.text()));
        page.on("requestfailed", (request) => page.faults.push(`request: ${request.url()}`));
        page.on("response", (response) => response.status() >= 400 && page.faults.push(`${response.status()}: ${response.url()}`));
        await page.goto(all.address + path);
        return page;
    }

    async function picture(page, name) {
        await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
    }

    return all;
}

/// The page of the waker bug, loaded; results come after `delay` ms.
export async function openPage(all, options, delay = 200) {
    const page = await all.open("", options);
    await page.locator("body[data-loaded]").waitFor();
    await page.locator("#delay").fill(String(delay));
    return page;
}

export const until = (page, side, state) => page.locator(`#${side}[data-state="${state}"]`).waitFor();

/// What stands in the rows of the timeline, from left to right: "word owner".
export async function timelineEvents(page) {
    const marks = await page.locator(".mark").evaluateAll((buttons) =>
        buttons.map((button) => ({ left: parseFloat(button.style.left), label: button.getAttribute("aria-label") })));
    return marks.sort((a, b) => a.left - b.left).map(({ label }) => label);
}
