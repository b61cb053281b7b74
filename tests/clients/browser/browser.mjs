// A real browser, and what every task in it needs.

import assert from "node:assert/strict";

import { chromium } from "playwright-core";

export const base = process.env.IDENTITY_URL;
const FLAGS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-dev-shm-usage",
  "--disable-gpu",
  "--disable-sync",
  "--no-first-run",
];
// How long anything may take, in milliseconds: machines that run tests are busy.
const LIMIT = Number(process.env.BROWSER_LIMIT ?? 60_000);

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

/** A fresh browser window. What must not happen in any is noted, and told at its end. */
export async function open(browser, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(LIMIT);
  const page = await context.newPage();
  const faults = [];
  const expected = [];
  // Pages of providers have faults of their own.
  const note = (url, fault) => {
    if (url.startsWith(base)) faults.push(fault);
  };
  page.on("pageerror", (error) => note(page.url(), `error: ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) note(message.location().url, `console: ${message.text()}`);
  });
  page.on("requestfailed", (request) => {
    // A page that is left gives up what it was loading.
    const why = request.failure()?.errorText ?? "";
    if (!why.includes("ERR_ABORTED")) note(request.url(), `failed: ${request.method()} ${request.url()} ${why}`);
  });
  page.on("response", (response) => {
    const said = `${response.status()}: ${response.request().method()} ${response.url()}`;
    if (response.status() >= 400) note(response.url(), said);
  });
  return {
    page,
    context,
    /** The task makes this happen on purpose. */
    expect: (pattern) => expected.push(pattern),
    /** Ends the window; nothing else may have gone wrong in it. */
    async close() {
      const left = faults.filter((fault) => !expected.some((pattern) => pattern.test(fault)));
      assert.deepEqual(left, []);
      await context.close();
    },
  };
}

export async function signIn(page, username = "demo", password = "demo", path = "/") {
  await page.goto(`${base}${path}`);
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
}

/** The APIs, beside the browser: what a task did is looked for there. */
export function api(username = "demo", password = "demo") {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const ask = (method) => async (path, body) => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { authorization, ...(body ? { "content-type": "application/json" } : {}) },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : undefined };
  };
  return { get: ask("GET"), post: ask("POST"), put: ask("PUT"), delete: ask("DELETE") };
}

/** Somebody who can sign in with `secret`, and may do nothing. */
export async function user(username) {
  const { status } = await api().post("/v2/users", { username, password: "secret" });
  assert.equal(status, 201);
}

export async function administrator(username) {
  await user(username);
  const { status } = await api().put(`/v2/roles/admin/users/${username}`);
  assert.equal(status, 204);
}

/** Tries again until it is so. */
export async function until(what, ask) {
  for (const start = Date.now(); Date.now() - start < LIMIT; ) {
    if (await ask()) return;
    await new Promise((done) => setTimeout(done, 20));
  }
  assert.fail(`${what} did not happen`);
}
