// Daily work: the start page, several changes at once, the reach of a grant, commands and help.

import assert from "node:assert/strict";

import { api, open, signIn, user } from "./browser.mjs";
import { look } from "./eyes.mjs";
import { button, dialog, row, said } from "./hands.mjs";

const admin = api();
const enabled = async (id) => (await admin.get(`/api/users/${id}`)).body.enabled;
const select = (page, name) => page.getByRole("checkbox", { name: `Select ${name}`, exact: true }).press("Space");

export const tasks = {
  async everything_is_found_from_the_start_page(browser) {
    await user("zephyra");
    await admin.post("/v2/groups", { groupId: "zephyr-crew", name: "Zephyr crew" });
    const { page, close } = await open(browser);
    await signIn(page);
    const health = page.getByRole("region", { name: "Health" });
    await health.getByText("Database").waitFor();
    await page.getByRole("region", { name: "Recent changes" }).getByText("Create Group zephyr-crew").waitFor();
    await page.getByRole("searchbox").fill("ZEPHYR");
    const found = (kind) => page.getByRole("region", { name: kind, exact: true });
    await found("Users").getByRole("link", { name: "zephyra" }).waitFor();
    await found("Groups").getByRole("link", { name: "Zephyr crew" }).waitFor();
    await look(page, "home-search");
    await found("Groups").getByRole("link", { name: "Zephyr crew" }).click();
    await page.getByRole("heading", { name: "Zephyr crew" }).waitFor();

    await api("zephyra", "secret").post("/api/groups", { name: "Mine" });
    await page.goBack();
    await page.getByRole("searchbox").fill("");
    const refusals = page.getByRole("region", { name: "Recent refusals" });
    await refusals.getByRole("link", { name: /zephyra/ }).first().click();
    await page.getByRole("heading", { name: "Not allowed" }).waitFor();
    await close();
  },

  async a_grant_states_its_reach_and_is_undone(browser) {
    const members = ["reach-1", "reach-2", "reach-3", "reach-4"];
    await admin.post("/v2/groups", { groupId: "reached", name: "Reached" });
    for (const name of members) {
      await user(name);
      await admin.post("/api/groups/reached/users", { userId: name });
    }
    const stored = async () => (await admin.get("/api/groups/reached/authorizations")).body;
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/groups/reached?tab=authorizations");
    await button(page, "Create authorization").first().click();
    await dialog(page).getByLabel("Resource type").selectOption("TENANT");
    await dialog(page).getByText("READ", { exact: true }).click();
    await dialog(page).getByText(/4 (people|users)/).waitFor();
    await look(page, "reach");
    assert.deepEqual(await stored(), [], "nothing is stored before it is submitted");
    await button(dialog(page), "Show as curl").click();
    const command = await dialog(page).getByRole("region", { name: "Show as curl" }).innerText();
    assert.match(command, /^curl -X POST '.*\/v2\/authorizations'/);
    assert.doesNotMatch(command, /Cookie|CSRF/i);
    assert.deepEqual(await stored(), [], "a command is shown, not run");
    await button(dialog(page), "Create").click();
    await said(page, "Authorization created.");
    assert.equal((await stored()).length, 1);
    await button(page, "Undo").click();
    await said(page, "Change undone.");
    assert.deepEqual(await stored(), []);
    await close();
  },

  async several_users_are_changed_at_once(browser) {
    const names = ["bulk-ann", "bulk-ben", "bulk-cleo"];
    for (const name of names) await user(name);
    const { page, close, expect } = await open(browser);
    expect(/404/);
    await signIn(page, "demo", "demo", "/users?q=bulk-");
    await row(page, "bulk-cleo").waitFor();
    await select(page, "all entries of this page");
    const bar = page.getByRole("toolbar", { name: "3 entries selected" });
    await button(bar, "Deactivate").click();
    await dialog(page).getByText("bulk-ann, bulk-ben, bulk-cleo").waitFor();
    await look(page, "bulk");
    await button(dialog(page), "Show as curl").click();
    await dialog(page).getByRole("region", { name: "Show as curl" }).getByText("curl -X PUT").waitFor();
    assert.deepEqual(await Promise.all(names.map(enabled)), [true, true, true]);
    await button(dialog(page), "Deactivate").click();
    await said(page, "Deactivate: 3 entries done.");
    assert.deepEqual(await Promise.all(names.map(enabled)), [false, false, false]);

    for (const name of ["bulk-ann", "bulk-ben"]) await select(page, name);
    const two = page.getByRole("toolbar", { name: "2 entries selected" });
    await button(two, "Assign role").click();
    await dialog(page).getByLabel("Role").selectOption("Console");
    await button(dialog(page), "Assign role").click();
    await said(page, "Assign role: 2 entries done.");
    const roles = async (id) => (await admin.get(`/api/memberships?memberType=USER&memberId=${id}`)).body.roles;
    assert.deepEqual((await roles("bulk-ann")).map(({ name }) => name), ["Console"]);
    assert.deepEqual(await roles("bulk-cleo"), []);

    // One of two fails: the other one is done, and the failure is named.
    for (const name of ["bulk-ann", "bulk-cleo"]) await select(page, name);
    await button(two, "Delete").click();
    await dialog(page).getByText("bulk-ann, bulk-cleo").waitFor();
    await admin.delete("/v2/users/bulk-ann");
    await button(dialog(page), "Delete").click();
    await dialog(page).getByText("1 of 2 failed.").waitFor();
    const failures = dialog(page).getByRole("list", { name: "Failed entries" });
    assert.match(await failures.innerText(), /^bulk-ann: .*does not exist/);
    assert.equal((await admin.get("/v2/users/bulk-cleo")).status, 404);
    await close();
  },

  async help_is_part_of_the_ui(browser) {
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/groups");
    await page.getByRole("link", { name: "Help on this page" }).click();
    await page.getByRole("heading", { name: "Groups", level: 3 }).waitFor();
    await look(page, "help");
    await page.getByRole("link", { name: "decisions API" }).first().click();
    await page.getByRole("heading", { name: "Questions" }).waitFor();
    await close();
  },
};
