// A server without an administrator.

import assert from "node:assert/strict";

import { api, base, open } from "./browser.mjs";

export const tasks = {
  async the_first_administrator_sets_the_server_up(browser) {
    const { page, close, expect } = await open(browser, { locale: "de-DE" });
    expect(/400/);
    await page.goto(`${base}/groups`);
    await page.getByRole("heading", { name: "Identity einrichten" }).waitFor();
    await page.getByLabel("Benutzername").fill("grün und blau");
    await page.getByLabel("E-Mail").fill("first@example.org");
    await page.getByLabel("Passwort").fill("the first secret");
    await page.getByRole("button", { name: "Administrator anlegen" }).click();
    await page.getByRole("alert").waitFor();
    assert.equal(await page.getByLabel("E-Mail").inputValue(), "first@example.org", "what was typed stays");
    await page.getByLabel("Benutzername").fill("first");
    await page.getByLabel("Passwort").fill("the first secret");
    await page.getByRole("button", { name: "Administrator anlegen" }).click();
    await page.getByRole("heading", { name: "Willkommen, first" }).waitFor();
    await page.getByRole("link", { name: "Rollen" }).first().click();
    await page.getByRole("heading", { name: "Rollen", level: 1 }).waitFor();

    const permissions = await api("first", "the first secret").get("/api/me/permissions");
    assert.deepEqual(permissions.body, ["read", "read:users", "write"]);
    // The set-up page is available only once.
    const other = await open(browser);
    await other.page.goto(`${base}/auth/setup`);
    await other.page.getByRole("button", { name: "Sign in" }).waitFor();
    await other.close();
    await close();
  },
};
