// Tasks about lists: members of every kind, searches, filters, and the way back to a list.

import assert from "node:assert/strict";

import { api, base, open, signIn, until, user } from "./browser.mjs";
import { look, readable } from "./eyes.mjs";
import { button, dialog, pick, row, said } from "./hands.mjs";

const admin = api();
const members = async (of, kind) =>
  (await admin.get(`/api/${of}/members?memberType=${kind}`)).body.map(({ id, name }) => [id, name]);

export const tasks = {
  async a_group_gets_a_chosen_id_a_description_and_applications(browser) {
    await user("gus");
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/groups");
    await button(page, "Create group").click();
    await dialog(page).getByLabel("Name").fill("Büro Nord");
    assert.equal(await dialog(page).getByLabel("Group ID").inputValue(), "buro-nord", "proposed from the name");
    await dialog(page).getByLabel("Group ID").fill("office-north");
    await dialog(page).getByLabel("Description").fill("People in the north");
    await button(dialog(page), "Create").click();
    await page.getByRole("heading", { name: "Büro Nord" }).waitFor();
    await said(page, "People in the north");
    await pick(page, "Assign members", "gus", "gus");
    await row(page, "gus").waitFor();
    await page.getByRole("tab", { name: "Applications" }).click();
    await button(page, "Assign applications").click();
    await dialog(page).getByLabel("Client ID").fill("shop");
    await button(dialog(page), "Add").click();
    await row(page, "shop").waitFor();
    assert.deepEqual(await members("groups/office-north", "APPLICATION"), [["shop", "shop"]]);

    await button(page, "Edit").click();
    await dialog(page).getByLabel("Name").fill("Office North");
    await button(dialog(page), "Save").click();
    await page.getByRole("heading", { name: "Office North" }).waitFor();
    assert.deepEqual((await admin.get("/v2/groups/office-north")).body, {
      groupId: "office-north",
      name: "Office North",
      description: "People in the north",
    });

    await button(page, "Delete").click();
    await dialog(page).getByText("1 user leaves the group.").waitFor();
    await dialog(page).getByText("1 application leaves the group.").waitFor();
    await readable(page, "delete-group-of-all-kinds");
    await button(dialog(page), "Cancel").click();
    await close();
  },

  async a_tenant_gets_roles(browser) {
    await admin.post("/v2/tenants", { tenantId: "tailors-2", name: "Tailors 2", description: "Made to measure" });
    await admin.post("/api/roles", { name: "cutters", displayName: "Cutters" });
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/tenants/tailors-2");
    await said(page, "Made to measure");
    await page.getByRole("tab", { name: "Roles" }).click();
    await pick(page, "Assign roles", "cutters", "Cutters");
    await row(page, "Cutters").waitFor();
    assert.deepEqual(await members("tenants/tailors-2", "ROLE"), [["cutters", "Cutters"]]);
    await look(page, "tenant-roles");
    await button(page, "Remove Cutters").click();
    await said(page, "Cutters removed.");
    assert.deepEqual(await members("tenants/tailors-2", "ROLE"), []);
    await button(page, "Undo").click();
    await said(page, "Change undone.");
    await row(page, "Cutters").waitFor();
    await button(page, "Delete").click();
    await dialog(page).getByText("1 role and its members lose this tenant.").waitFor();
    await button(dialog(page), "Cancel").click();
    await close();
  },

  async a_user_is_found_by_address_in_another_case(browser) {
    for (const [username, name, email] of [
      ["quentin", "Quentin Moor", "q.moor@mail.example"],
      ["moorea", undefined, undefined],
      ["xaver", "Xaver Fels", "x@MOOR.example"],
    ])
      await admin.post("/v2/users", { username, name, email, password: "secret" });
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/users");
    await page.getByRole("searchbox").fill("MOOR");
    await said(page, "3 entries");
    for (const name of ["quentin", "moorea", "xaver"]) await row(page, name).waitFor();
    await page.getByRole("searchbox").fill("Q.Moor@MAIL");
    await said(page, "1 entry");
    await row(page, "Quentin Moor").waitFor();

    // The breadcrumb leads back to the list as it was.
    await page.getByRole("link", { name: "quentin" }).click();
    await page.getByRole("heading", { name: "Quentin Moor" }).waitFor();
    await page.getByRole("navigation", { name: "Breadcrumb" }).getByRole("link", { name: "Users" }).click();
    await row(page, "quentin").waitFor();
    assert.equal(await page.getByRole("searchbox").inputValue(), "Q.Moor@MAIL");
    assert.equal(await page.getByRole("row").count(), 2);
    await close();
  },

  async authorizations_are_filtered_and_the_address_keeps_the_filters(browser) {
    await admin.post("/v2/groups", { groupId: "filterers", name: "Filterers" });
    await admin.post("/v2/roles", { roleId: "sifters", name: "Flour sifters" });
    const grant = (ownerType, ownerId, resourceType, resourceId, permissionTypes) =>
      admin.post("/v2/authorizations", { ownerType, ownerId, resourceType, resourceId, permissionTypes });
    await grant("GROUP", "filterers", "PROCESS_DEFINITION", "sieve", ["READ_PROCESS_INSTANCE", "UPDATE_PROCESS_INSTANCE"]);
    await grant("ROLE", "sifters", "PROCESS_DEFINITION", "sieve", ["READ_PROCESS_INSTANCE"]);
    await grant("GROUP", "filterers", "DECISION_DEFINITION", "sieve", ["READ_DECISION_DEFINITION"]);
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/authorizations");
    const filters = page.getByRole("search", { name: "Filter authorizations" });
    await filters.getByLabel("Resource ID").fill("sieve");
    await said(page, "3 entries");
    await filters.getByLabel("Resource type").selectOption("PROCESS_DEFINITION");
    await said(page, "2 entries");
    await filters.getByLabel("Permission").selectOption("UPDATE_PROCESS_INSTANCE");
    await said(page, "1 entry");
    await row(page, "Filterers (filterers)").waitFor();
    await page.reload();
    await said(page, "1 entry");
    assert.equal(await filters.getByLabel("Resource ID").inputValue(), "sieve");
    assert.equal(await filters.getByLabel("Permission").inputValue(), "UPDATE_PROCESS_INSTANCE");

    await filters.getByLabel("Permission").selectOption("");
    await filters.getByLabel("Owner type").selectOption("ROLE");
    await filters.getByRole("combobox", { name: "Owner", exact: true }).fill("FLOUR");
    await filters.getByRole("option", { name: /sifters/ }).click();
    await said(page, "1 entry");
    await row(page, "Flour sifters (sifters)").waitFor();
    assert.match(page.url(), /owner=sifters/);
    await look(page, "authorizations-filtered");
    await filters.getByLabel("Resource ID").fill("nothing of this name");
    await page.getByRole("heading", { name: "No results" }).waitFor();
    await close();
  },

  async an_owner_is_picked_by_name(browser) {
    await admin.post("/v2/groups", { groupId: "pickers", name: "Berry Pickers" });
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/authorizations");
    await button(page, "Create authorization").click();
    await dialog(page).getByLabel("Owner type").selectOption("GROUP");
    await dialog(page).getByRole("combobox", { name: "Owner", exact: true }).fill("berry");
    await dialog(page).getByRole("option", { name: /Berry Pickers/ }).waitFor();
    await look(page, "pick-owner");
    await dialog(page).getByRole("option", { name: /Berry Pickers/ }).click();
    await dialog(page).getByLabel("Resource type").selectOption("MESSAGE");
    await dialog(page).getByText("READ", { exact: true }).click();
    await button(dialog(page), "Create").click();
    await dialog(page).waitFor({ state: "hidden" });
    const found = await admin.post("/v2/authorizations/search", { filter: { ownerId: "pickers" } });
    assert.deepEqual(found.body.items.map(({ ownerType }) => ownerType), ["GROUP"]);
    await close();
  },

  async the_back_button_returns_to_the_tab_before(browser) {
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/roles/rpa");
    const selected = (name) => page.getByRole("tab", { name, selected: true }).waitFor();
    await selected("Permissions");
    await page.getByRole("tab", { name: "Users" }).click();
    await selected("Users");
    await page.getByRole("tab", { name: "Groups" }).click();
    await selected("Groups");
    await page.goBack();
    await selected("Users");
    await page.goBack();
    await selected("Permissions");
    await page.goForward();
    await selected("Users");
    await until("the address names the tab", () => page.url() === `${base}/roles/rpa?tab=USER`);
    await close();
  },
};
