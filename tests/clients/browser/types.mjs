// Custom resource types, and conditions of authorizations on them.

import assert from "node:assert/strict";

import { api, base, open, signIn, until, user } from "./browser.mjs";
import { look } from "./eyes.mjs";
import { button, dialog, row, said } from "./hands.mjs";

const admin = api();
const typeOf = async (name) => (await admin.get(`/api/resource-types/${name}`)).body;
const grantsOn = async (name) => (await admin.get(`/api/authorizations?resourceType=${name}`)).body;

async function make(type, supportedPermissions, properties) {
  assert.equal((await admin.post("/api/resource-types", { type, supportedPermissions, properties })).status, 201);
}

async function grant(entityId, resourceType, permission, condition) {
  const body = { entityType: "USER", entityId, resourceType, resourceKey: "*", permission, condition };
  assert.equal((await admin.post("/api/authorizations", body)).status, 204);
}

/** Whether the user has the permission on a resource with these properties. */
async function may(id, name, type, properties) {
  const question = { subject: { type: "user", id }, action: { name }, resource: { type, id: "1", properties } };
  return (await admin.post("/access/v1/evaluation", question)).body.decision;
}

const comparison = (page, number) => dialog(page).getByRole("group", { name: `Comparison ${number}` });

export const tasks = {
  async a_resource_type_is_made_changed_and_deleted(browser) {
    await user("tess");
    const { page, close, expect } = await open(browser);
    await signIn(page, "demo", "demo", "/resource-types");
    await page.getByRole("row", { name: /^PROCESS_DEFINITION Built-in/ }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Delete PROCESS_DEFINITION" }).count(), 0);

    // A duplicate or reserved name is reported at its field; the input is kept.
    expect(/409|400/);
    await button(page, "Create resource type").click();
    await dialog(page).getByLabel("Permissions").fill("approve\nread");
    await dialog(page).getByLabel("Properties").fill("owner\nsite");
    const refused = dialog(page).locator("#field-type-error-msg");
    for (const [name, why] of [["role", /exists already/], ["api", /Choose another name/], ["a b", /Use letters, digits/]]) {
      await dialog(page).getByLabel("Name").fill(name);
      await button(dialog(page), "Create").click();
      await refused.filter({ hasText: why }).waitFor();
    }
    await look(page, "refused-resource-type");
    await dialog(page).getByLabel("Name").fill("ticket");
    await button(dialog(page), "Create").click();
    await page.getByRole("heading", { name: "ticket", level: 1 }).waitFor();
    const made = { type: "ticket", supportedPermissions: ["approve", "read"], properties: ["owner", "site"] };
    assert.deepEqual(await typeOf("ticket"), made);

    // Permissions and properties in use cannot be removed; the field shows where they are used.
    await grant("tess", "ticket", "approve", [{ property: "resource.site", operator: "EQUAL", value: "lyon" }]);
    await button(page, "Edit").click();
    await dialog(page).getByLabel("Permissions").fill("read\nreject");
    await button(dialog(page), "Save").click();
    await dialog(page).getByText("The permission approve is still granted to User tess").waitFor();
    await dialog(page).getByLabel("Permissions").fill("approve\nreject");
    await dialog(page).getByLabel("Properties").fill("owner");
    await button(dialog(page), "Save").click();
    await dialog(page).getByText("The property site is still read by a condition of User tess").waitFor();
    await dialog(page).getByLabel("Properties").fill("site\nowner\nteam");
    await button(dialog(page), "Save").click();
    await page.getByText("team", { exact: true }).waitFor();
    const changed = { type: "ticket", supportedPermissions: ["approve", "reject"], properties: ["owner", "site", "team"] };
    assert.deepEqual(await typeOf("ticket"), changed);

    // The dialog shows how many authorizations end with the type.
    await button(page, "Delete").click();
    await dialog(page).getByText("1 authorization on ticket is revoked.").waitFor();
    await button(dialog(page), "Delete").click();
    await page.getByRole("heading", { name: "Resource types", level: 1 }).waitFor();
    assert.equal((await admin.get("/api/resource-types/ticket")).status, 404);

    await page.goto(`${base}/resource-types/PROCESS_DEFINITION`);
    await page.getByRole("heading", { name: "PROCESS_DEFINITION", level: 1 }).waitFor();
    assert.equal(await button(page, "Edit").count(), 0);
    await close();
  },

  async a_condition_is_made_changed_and_put_back(browser) {
    await user("cora");
    await make("parcel", ["open", "send"], ["owner", "site"]);
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/resource-types/parcel");
    await button(page, "Create authorization").click();
    await dialog(page).getByLabel("Owner type").selectOption("USER");
    await dialog(page).getByRole("combobox", { name: "Owner", exact: true }).fill("cora");
    await dialog(page).getByRole("option", { name: "cora" }).click();
    await dialog(page).getByText("open", { exact: true }).click();

    // By keyboard: a new comparison receives the focus, and its removal returns the focus to the button.
    const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);
    for (const number of [1, 2]) {
      await button(dialog(page), "Add comparison").press("Enter");
      await comparison(page, number).waitFor();
      await until("the focus to come", async () => (await focused()) === `field-comparison-${number}-side`);
    }
    await button(dialog(page), "Remove comparison 2").press("Enter");
    await until("the focus to go back", async () => (await focused()) === "Add comparison");
    assert.ok(await button(dialog(page), "Create").isDisabled(), "a comparison lacks its value");
    await comparison(page, 1).locator("#field-comparison-1-name").selectOption("site");
    await comparison(page, 1).getByLabel("Value").fill("lyon");
    await comparison(page, 1).getByText("the resource’s site is “lyon”").waitFor();
    await look(page, "condition");
    await button(dialog(page), "Create").click();
    await row(page, "only if the resource’s site is “lyon”").waitFor();
    assert.deepEqual([await may("cora", "open", "parcel", { site: "lyon" }), await may("cora", "open", "parcel", { site: "oslo" })], [true, false]);

    // The condition survives a change of permissions; a change of the condition is a single update.
    await button(page, "Edit: cora on parcel all").click();
    await dialog(page).getByText("send", { exact: true }).click();
    await button(dialog(page), "Save").click();
    await row(page, "send").waitFor();
    const condition = [{ property: "resource.site", operator: "EQUAL", value: "lyon" }];
    assert.deepEqual((await grantsOn("parcel")).map((one) => [one.permissions, one.condition]), [[["open", "send"], condition]]);
    await button(page, "Edit: cora on parcel all").click();
    await button(dialog(page), "Add comparison").click();
    await comparison(page, 2).getByLabel("Operator", { exact: true }).selectOption("CONTAINS_CALLER");
    await button(dialog(page), "Save").click();
    await row(page, "“lyon” and the resource’s owner is or contains the caller").waitFor();
    assert.equal((await grantsOn("parcel")).length, 1);
    assert.deepEqual(
      [await may("cora", "send", "parcel", { site: "lyon", owner: ["cora"] }), await may("cora", "send", "parcel", { site: "lyon" })],
      [true, false],
    );

    // End the authorization; undo restores it with its condition.
    const before = await grantsOn("parcel");
    await button(page, "Revoke: cora on parcel all").click();
    await button(dialog(page), "Revoke authorization").click();
    await said(page, "Authorization revoked.");
    assert.deepEqual(await grantsOn("parcel"), []);
    await button(page, "Undo").click();
    await said(page, "Change undone.");
    await row(page, "cora").waitFor();
    assert.deepEqual(await grantsOn("parcel"), before);
    await close();
  },

  async every_comparison_survives_an_edit(browser) {
    await user("ella");
    await make("order", ["read"], ["site", "amount", "states", "teams"]);
    const condition = [
      { property: "resource.site", operator: "EQUAL", value: "5" },
      { property: "resource.site", operator: "EQUAL", other: "subject.site" },
      { property: "action.reason", operator: "NOT_EQUAL", value: "" },
      { property: "resource.amount", operator: "NOT_EQUAL", other: "resource.site" },
      { property: "resource.amount", operator: "EQUAL", value: 1.5 },
      { property: "resource.states", operator: "IN", values: ["open", "true", true, 3, "3", "“a” and b", "two\nlines"] },
      { property: "subject.site", operator: "IN", other: "resource.states" },
      { property: "resource.teams", operator: "CONTAINS_CALLER" },
      { property: "resource.teams", operator: "CONTAINS_CALLERS_GROUP" },
    ];
    await grant("ella", "order", "read", condition);
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/authorizations");
    for (const tab of ["Orchestration cluster", "Platform components"]) {
      await page.goto(`${base}/users/ella?tab=authorizations`);
      const listed = page.getByRole("region", { name: tab });
      await listed.getByRole("button", { name: "Edit: ella on order" }).first().click();
      await comparison(page, 9).waitFor();
      // Toggle a permission twice.
      for (const _ of [1, 2]) await dialog(page).getByText("read", { exact: true }).click();
      await button(dialog(page), "Save").click();
      await said(page, "Authorization updated.");
      assert.deepEqual((await grantsOn("order")).map((one) => one.condition), [condition], tab);
    }
    await close();
  },

  async a_condition_that_cannot_be_is_refused_at_its_row(browser) {
    await make("form", ["read"], ["site"]);
    await user("rhea");
    const { page, close, expect } = await open(browser);
    expect(/400/);
    await signIn(page, "demo", "demo", "/resource-types/form");
    await button(page, "Create authorization").click();
    await dialog(page).getByLabel("Owner type").selectOption("USER");
    await dialog(page).getByRole("combobox", { name: "Owner", exact: true }).fill("rhea");
    await dialog(page).getByRole("option", { name: "rhea" }).click();
    await dialog(page).getByText("read", { exact: true }).click();
    for (const _ of [1, 2]) await button(dialog(page), "Add comparison").click();
    await comparison(page, 1).locator("#field-comparison-1-side").selectOption("subject");
    await comparison(page, 1).locator("#field-comparison-1-name").fill("level");
    await comparison(page, 1).getByLabel("Value").fill("5");
    await comparison(page, 1).getByText('5 is compared as a number or Boolean. To compare it as text, enter "5".').waitFor();
    await comparison(page, 2).getByLabel("Value").fill("99999999999999999999");
    await comparison(page, 2).getByText("The integer must be between -9007199254740991 and 9007199254740991.").waitFor();
    assert.ok(await button(dialog(page), "Create").isDisabled());
    await comparison(page, 2).getByLabel("Value").fill("lyon");
    // Another client removes the property at the same time.
    assert.equal((await admin.put("/api/resource-types/form", { supportedPermissions: ["read"], properties: [] })).status, 200);
    await button(dialog(page), "Create").click();
    await comparison(page, 2).getByRole("alert").filter({ hasText: "form has no property site" }).waitFor();
    assert.equal(await comparison(page, 1).getByRole("alert").filter({ hasText: "property" }).count(), 0);
    await look(page, "refused-condition");
    await button(dialog(page), "Remove comparison 2").click();
    await button(dialog(page), "Create").click();
    await row(page, "only if the caller’s level is 5").waitFor();
    assert.deepEqual((await grantsOn("form"))[0].condition, [{ property: "subject.level", operator: "EQUAL", value: 5 }]);
    await close();
  },

  async why_a_condition_does_not_hold_is_seen(browser) {
    await user("wim");
    await make("claim", ["settle"], ["site"]);
    await grant("wim", "claim", "settle", [{ property: "resource.site", operator: "IN", values: ["lyon", "oslo"] }]);
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/why?who=user&id=wim&type=claim&action=settle&resource=1&properties=site%3Drome");
    await button(page, "Check").click();
    await page.getByRole("heading", { name: "Not allowed" }).waitFor();
    await said(page, "The condition of the authorization is not met: the resource’s site is “lyon” or “oslo”.");
    await page.getByLabel("Resource property: site").fill("oslo");
    await button(page, "Check").click();
    await page.getByRole("heading", { name: "Allowed", exact: true }).waitFor();
    assert.match(await page.getByRole("list", { name: "Access path" }).innerText(), /settle, only if the resource’s site is/);
    await look(page, "why-condition");
    await page.reload();
    assert.equal(await page.getByLabel("Resource property: site").inputValue(), "oslo", "the address leads here again");

    await page.goto(`${base}/who-can?type=claim&action=settle`);
    await row(page, "only if the resource’s site is “lyon” or “oslo”").waitFor();
    await close();
  },

  async many_types_and_authorizations_are_paged_by_the_server(browser) {
    const names = Array.from({ length: 45 }, (_, index) => `many-${String(index).padStart(2, "0")}`);
    for (const name of names) await make(name, ["read"], []);
    await user("mona");
    for (let index = 0; index < 45; index += 1) {
      const body = { entityType: "USER", entityId: "mona", resourceType: "many-00", resourceKey: `r-${index}`, permission: "read" };
      assert.equal((await admin.post("/api/authorizations", body)).status, 204);
    }
    const { page, close } = await open(browser);
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    await signIn(page, "demo", "demo", "/resource-types?q=many-");
    await said(page, "45 entries");
    await page.getByRole("button", { name: "Next page" }).click();
    await row(page, "many-20").waitFor();
    assert.equal(await page.getByRole("row").count(), 21);
    assert.ok(asked.some((url) => /resource-types\?.*page=1&resultSize=20/.test(url)), "a page is asked for");
    await page.goto(`${base}/resource-types/many-00`);
    await said(page, "45 entries");
    await page.getByRole("button", { name: "Next page" }).click();
    await page.waitForURL(/page=2/);
    await said(page, "21 to 40 of 45");
    assert.equal(await page.getByRole("row").count(), 21);

    // Two lists on a page have independent pagination.
    await page.goto(`${base}/users/mona?tab=authorizations`);
    await page.getByText("1 to 20 of 46").waitFor();
    await page.getByText("1 to 20 of 45").waitFor();
    await page.getByRole("button", { name: "Next page" }).first().click();
    await page.getByText("21 to 40 of 46").waitFor();
    await page.getByText("1 to 20 of 45").waitFor();
    await close();
  },
};
