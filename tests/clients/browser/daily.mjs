// Daily work: the start page, several changes at once, the reach of a grant, commands and help.

import assert from "node:assert/strict";

import { api, base, open, signIn, user } from "./browser.mjs";
import { look } from "./eyes.mjs";
import { button, dialog, row, said, written } from "./hands.mjs";

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
    const command = await written(page, "curl");
    assert.match(command, /^curl -X POST '.*\/v2\/authorizations'/);
    assert.doesNotMatch(command, /Cookie|CSRF/i);
    assert.equal(
      await written(page, "YAML"),
      `initialization:
  authorizations:
    - owner-type: GROUP
      owner-id: reached
      resource-type: TENANT
      resource-id: "*"
      permissions:
        - READ`,
    );
    assert.deepEqual(await stored(), [], "a change is shown, not made");
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
    assert.equal((await written(page, "curl")).match(/^curl -X PUT/gm).length, 3);
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

    // A change that is refused as a whole in the simulation is not offered.
    await user("bulk-dan");
    await page.reload();
    await row(page, "bulk-dan").waitFor();
    for (const name of ["bulk-cleo", "bulk-dan"]) await select(page, name);
    await admin.delete("/v2/users/bulk-dan");
    await button(two, "Delete").click();
    await dialog(page).getByRole("alert").getByText(/bulk-dan.* does not exist/).waitFor();
    assert.ok(await button(dialog(page), "Delete").isDisabled());
    await button(dialog(page), "Cancel").click();
    await page.reload();
    await row(page, "bulk-cleo").waitFor();

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

  async several_groups_roles_and_tenants_are_deleted_at_once(browser) {
    await user("many-mia");
    for (const n of [1, 2]) {
      await admin.post("/v2/groups", { groupId: `many-${n}`, name: `Many ${n}` });
      await admin.post(`/api/groups/many-${n}/users`, { userId: "many-mia" });
      await admin.post("/api/roles", { name: `many-${n}`, displayName: `Many ${n}` });
      await admin.post("/v2/tenants", { tenantId: `many-${n}`, name: `Many ${n}` });
      await admin.post(`/api/tenants/many-${n}/members`, { memberType: "USER", memberId: "many-mia" });
    }
    const hers = async () => (await admin.get("/api/memberships?memberType=USER&memberId=many-mia")).body;
    const statuses = (kind) =>
      Promise.all([1, 2].map(async (n) => (await admin.get(`/api/${kind}/many-${n}`)).status));
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/groups?q=many-");
    const bar = (count) => page.getByRole("toolbar", { name: new RegExp(`^${count} entr`) });
    const selectAll = async (count) => {
      await row(page, "many-2").waitFor();
      await select(page, "all entries of this page");
      await bar(count).waitFor();
    };
    await selectAll(2);
    await button(bar(2), "Assign role").click();
    await dialog(page).getByLabel("Role").selectOption("Many 1");
    await dialog(page).getByText("Gives access to many-mia.").waitFor();
    await button(dialog(page), "Assign role").click();
    await said(page, "Assign role: 2 entries done.");
    assert.deepEqual((await admin.get("/api/groups/many-2/roles")).body.map(({ name }) => name), ["many-1"]);

    const removed = async (kind, loss) => {
      await button(bar(2), "Delete").click();
      await dialog(page).getByText("Many 1, Many 2").waitFor();
      await dialog(page).getByText(loss).waitFor();
      await look(page, `bulk-${kind}`);
      assert.deepEqual(await statuses(kind), [200, 200]);
      await button(dialog(page), "Delete").click();
      await said(page, "Delete: 2 entries done.");
      assert.deepEqual(await statuses(kind), [404, 404]);
    };
    await selectAll(2);
    await removed("groups", "1 user loses the group many-1.");
    assert.deepEqual((await hers()).groups, []);

    // Defaults of the installation cannot be selected.
    await admin.post("/api/roles/many-1/members", { memberType: "USER", memberId: "many-mia" });
    await page.goto(`${base}/roles`);
    await row(page, "many-2").waitFor();
    const choice = (name) => page.getByRole("checkbox", { name: `Select ${name}`, exact: true });
    assert.equal(await choice("Admin").count(), 0);
    for (const name of ["Many 1", "Many 2"]) await select(page, name);
    await removed("roles", "1 user loses the role many-1.");
    assert.deepEqual((await hers()).roles, []);

    await page.goto(`${base}/tenants`);
    await row(page, "many-2").waitFor();
    assert.equal(await choice("Default").count(), 0);
    for (const name of ["Many 1", "Many 2"]) await select(page, name);
    await removed("tenants", "1 user loses the tenant many-1.");
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
