// Working conditions: expired sessions, lost connections, concurrent changes, keyboard, German locale, dark theme.

import assert from "node:assert/strict";

import { administrator, api, base, open, signIn, until, user } from "./browser.mjs";
import { button, dialog } from "./hands.mjs";

const admin = api();
const groupOf = async (name) => (await admin.get(`/api/groups?search=${name}`)).body[0];

export const tasks = {
  async what_was_typed_survives_the_end_of_the_session(browser) {
    await administrator("edith");
    const { page, close, context, expect } = await open(browser);
    expect(/401/);
    await signIn(page, "edith", "secret", "/groups");
    await button(page, "Create group").click();
    await dialog(page).getByLabel("Name").fill("Typed with care");
    await admin.delete("/api/sessions?username=edith");
    await button(dialog(page), "Create").click();
    await dialog(page).getByText("You are no longer signed in").waitFor();
    assert.equal(await dialog(page).getByLabel("Name").inputValue(), "Typed with care");

    const [tab] = await Promise.all([context.waitForEvent("page"), dialog(page).getByText("Sign in (new tab)").click()]);
    await tab.getByLabel("Username").fill("edith");
    await tab.getByLabel("Password").fill("secret");
    await tab.getByRole("button", { name: "Sign in" }).click();
    await tab.getByRole("heading", { level: 1, name: "Groups" }).waitFor();
    await button(dialog(page), "Create").click();
    await page.getByRole("heading", { name: "Typed with care" }).waitFor();
    assert.equal((await groupOf("Typed")).name, "Typed with care");

    // Without unsaved input, the page redirects to the sign-in and back.
    await admin.delete("/api/sessions?username=edith");
    await page.getByRole("tab", { name: "Roles" }).click();
    await page.getByLabel("Username").fill("edith");
    await page.getByLabel("Password").fill("secret");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Typed with care" }).waitFor();
    await close();
  },

  async a_tab_that_is_older_than_the_server_reloads_itself_and_never_stays_blank(browser) {
    const { page, close, expect } = await open(browser);
    expect(/AuditLog-|Failed to load resource|Failed to fetch dynamically imported module/);
    await signIn(page, "demo", "demo", "/groups");
    let asked = 0;
    const file = /assets\/AuditLog-.*\.js/;
    // The script file known to the tab is missing until the tab is reloaded.
    await page.route(file, (route) => ((asked += 1) === 1 ? route.fulfill({ status: 404, body: "" }) : route.continue()));
    await page.getByRole("link", { name: "Audit log" }).first().click();
    await page.getByRole("heading", { name: "Audit log", level: 1 }).waitFor();
    assert.ok(asked >= 2, "it was loaded again");

    await page.goto(`${base}/groups`);
    await page.unroute(file);
    await page.route(file, (route) => route.fulfill({ status: 404, body: "" }));
    await page.getByRole("link", { name: "Audit log" }).first().click();
    await page.getByRole("heading", { name: "Page cannot be displayed" }).waitFor();
    await page.getByRole("link", { name: "Groups" }).first().click();
    await page.getByRole("heading", { name: "Groups", level: 1 }).waitFor();
    await page.unroute(file);
    await close();
  },

  async what_was_typed_survives_a_lost_connection_and_a_change_by_others(browser) {
    const id = (await admin.post("/api/groups", { name: "Before" })).body.id;
    const { page, close, context, expect } = await open(browser);
    expect(/ERR_INTERNET_DISCONNECTED|404/);
    await signIn(page, "demo", "demo", `/groups/${id}`);
    await button(page, "Edit").click();
    await dialog(page).getByLabel("Name").fill("After");
    await context.setOffline(true);
    await button(dialog(page), "Save").click();
    await dialog(page).getByText("The server cannot be reached").waitFor();
    await context.setOffline(false);
    await button(dialog(page), "Save").click();
    await page.getByRole("heading", { name: "After" }).waitFor();
    assert.equal((await admin.get(`/api/groups/${id}`)).body.name, "After");

    await button(page, "Edit").click();
    await dialog(page).getByLabel("Name").fill("Never");
    await admin.delete(`/api/groups/${id}`);
    await button(dialog(page), "Save").click();
    await dialog(page).getByText("does not exist").waitFor();
    assert.equal(await dialog(page).getByLabel("Name").inputValue(), "Never");
    await close();
  },

  async everything_is_reached_by_keyboard(browser) {
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/groups");
    const reach = (target) =>
      until(`the focus on ${target}`, async () => {
        await page.keyboard.press("Tab");
        return page.evaluate(() => document.activeElement?.textContent ?? "").then((text) => text.includes(target));
      });
    await reach("Skip to main content");
    await page.keyboard.press("Enter");
    await reach("Create group");
    await page.keyboard.press("Enter");
    await dialog(page).getByLabel("Name").waitFor();
    await until("the focus in the field", () => page.evaluate(() => document.activeElement?.id === "field-name"));
    await page.keyboard.type("By hand");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "By hand" }).waitFor();
    await reach("Delete");
    await page.keyboard.press("Enter");
    await dialog(page).waitFor();
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "hidden" });
    assert.equal((await groupOf("By hand")).name, "By hand");

    // The navigation, and the focus on the heading of the page that it opens.
    const focused = () =>
      page.evaluate(() => {
        const { tagName, textContent } = document.activeElement ?? {};
        return `${tagName} ${textContent?.trim()}`;
      });
    await page.locator("h1").evaluate((heading) => heading.focus());
    for (const size of [{ width: 1280, height: 900 }, { width: 1600, height: 900 }]) {
      await page.setViewportSize(size);
      for (const place of ["Roles", "Groups"]) {
        const link = page.getByRole("navigation").getByRole("link", { name: place, exact: true });
        await until(`the focus on the link ${place}`, async () => {
          await page.keyboard.press("Shift+Tab");
          return link.evaluate((link) => link === document.activeElement);
        });
        await page.keyboard.press("Enter");
        await until(`the focus on the heading ${place}`, async () => (await focused()) === `H1 ${place}`);
      }
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole("button", { name: "Open navigation" }).focus();
    await page.keyboard.press("Enter");
    await reach("Tenants");
    await page.keyboard.press("Enter");
    await until("the focus on the heading", async () => (await focused()) === "H1 Tenants");
    await page.setViewportSize({ width: 1280, height: 900 });

    // The focus moves to the next row when the focused one is deleted.
    const { id: groupId } = await groupOf("By hand");
    for (const name of ["ann", "bea", "cleo"]) {
      await user(`${name}.hand`);
      assert.equal((await admin.put(`/v2/groups/${groupId}/users/${name}.hand`, {})).status, 204);
    }
    await page.goto(`${process.env.IDENTITY_URL}/groups/${groupId}`);
    const drop = (name) => page.getByRole("button", { name: `Remove ${name}.hand` });
    for (const [removed, next] of [["bea", "cleo"], ["cleo", "ann"]]) {
      await drop(removed).focus();
      await page.keyboard.press("Enter");
      await drop(removed).waitFor({ state: "detached" });
      await until(`the focus in the row of ${next}`, () => drop(next).evaluate((button) => button === document.activeElement));
    }
    await close();
  },

  async language_and_theme_are_the_readers(browser) {
    const { page, close } = await open(browser, { locale: "de-DE", colorScheme: "dark" });
    await page.goto(`${process.env.IDENTITY_URL}/groups`);
    await page.getByLabel("Benutzername").fill("demo");
    await page.getByLabel("Passwort").fill("demo");
    await page.getByRole("button", { name: "Anmelden" }).click();
    await page.getByRole("heading", { name: "Gruppen", level: 1 }).waitFor();
    const look = () => page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme]);
    assert.deepEqual(await look(), ["de", "dark"]);
    await button(page, "Konto und Einstellungen").click();
    await page.getByLabel("Darstellung").selectOption("light");
    await page.getByLabel("Sprache").selectOption("en");
    await page.getByRole("heading", { name: "Groups", level: 1 }).waitFor();
    assert.deepEqual(await look(), ["en", "light"]);
    await page.reload();
    await page.getByRole("heading", { name: "Groups", level: 1 }).waitFor();
    assert.deepEqual(await look(), ["en", "light"], "the browser remembers");
    await button(page, "Account and settings").click();
    await button(page, "Sign out").click();
    await page.getByText("Sie sind abgemeldet").waitFor();
    await close();
  },

  async whoever_may_not_look_is_told_what_is_missing(browser) {
    await user("norman");
    const { page, close } = await open(browser);
    await signIn(page, "norman", "secret", "/groups");
    await page.getByRole("heading", { name: "No permission to manage Identity" }).waitFor();
    await page.getByText("camunda-identity-resource-server").waitFor();
    assert.equal((await api("norman", "secret").get("/api/groups")).status, 403);
    await close();
  },
};
