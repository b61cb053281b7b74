// Starts a real browser; helpers for all tasks.

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
// Time limit per step, in milliseconds. It is generous because test machines are busy.
const LIMIT = Number(process.env.BROWSER_LIMIT ?? 60_000);

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

/** Opens a new browser context. Collects page errors, console messages and failed requests, which `close` reports. */
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
  // Ignores faults in pages of identity providers.
  const note = (url, fault) => {
    if (url.startsWith(base)) faults.push(fault);
  };
  page.on("pageerror", (error) => note(page.url(), `error: ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) note(message.location().url, `console: ${message.text()}`);
  });
  page.on("requestfailed", (request) => {
    // Navigation aborts the requests of the previous page.
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
    /** Declares a fault as expected. */
    expect: (pattern) => expected.push(pattern),
    /** Asserts that there were no unexpected faults and closes the context. */
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

/** HTTP client for the APIs, to verify the results of a task independently of the browser. */
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

/** Creates a user with the password `secret` and without permissions. */
export async function user(username) {
  const { status } = await api().post("/v2/users", { username, password: "secret" });
  assert.equal(status, 201);
}

export async function administrator(username) {
  await user(username);
  const { status } = await api().put(`/v2/roles/admin/users/${username}`);
  assert.equal(status, 204);
}

/** Polls until `ask` returns true; fails after the time limit. */
export async function until(what, ask) {
  for (const start = Date.now(); Date.now() - start < LIMIT; ) {
    if (await ask()) return;
    await new Promise((done) => setTimeout(done, 20));
  }
  assert.fail(`${what} did not happen`);
}
