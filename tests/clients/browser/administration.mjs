// Permissions that lead to administration are marked where they are granted, explained and reviewed.

import assert from "node:assert/strict";

import { api, open, signIn, user } from "./browser.mjs";
import { button, dialog, row } from "./hands.mjs";

const admin = api();

export const tasks = {
  async a_grant_that_leads_to_administration_says_so(browser) {
    await user("erin");
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/users/erin?tab=authorizations");
    const cluster = page.getByRole("region", { name: "Orchestration cluster" }).first();
    await button(page, "Create authorization").first().click();
    await dialog(page).getByLabel("Resource type").selectOption("ROLE");
    await dialog(page).getByText("One resource").click();
    await dialog(page).getByLabel("Resource ID").fill("admin");
    await dialog(page).getByText("READ", { exact: true }).click();
    assert.equal(await dialog(page).getByText("Leads to administrator rights").count(), 0, "to look leads nowhere");
    await dialog(page).getByText("UPDATE", { exact: true }).click();
    await dialog(page).getByText("Leads to administrator rights").waitFor();
    await dialog(page).getByText("Holders can become administrators with 1 request.").waitFor();
    await dialog(page).getByText("assign the role admin to themselves").waitFor();
    assert.equal(await button(dialog(page), "Create").isDisabled(), true, "administrator's rights are confirmed first");
    await dialog(page).getByText("This makes administrators").click();
    await button(dialog(page), "Create").click();
    await row(cluster, "Leads to administrator rights").waitFor();
    assert.equal(await row(cluster, "Leads to administrator rights").count(), 1, "not that they may read themselves");

    await page.goto(`${page.url().split("/users")[0]}/who-can?tab=administrators`);
    await row(page, "user erin > ROLE:UPDATE on admin").getByText("after 1 request").waitFor();
    await row(page, "user Demo (demo) > role Admin (admin)").getByText("now").first().waitFor();
    await page.goto(`${page.url().split("/who-can")[0]}/who-can?type=ROLE&action=UPDATE&resource=admin`);
    await page.getByText("Leads to administrator rights").waitFor();
    await close();
  },

  async a_deletion_counts_the_authorizations_that_go_with_it(browser) {
    await admin.post("/v2/roles", { roleId: "leavers", name: "Leavers" });
    for (const name of ["lars", "lena"]) {
      await user(name);
      await admin.post("/v2/authorizations", {
        ownerType: "USER",
        ownerId: name,
        resourceType: "ROLE",
        resourceId: "leavers",
        permissionTypes: ["UPDATE"],
      });
    }
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/roles/leavers");
    await button(page, "Delete").click();
    await dialog(page).getByText("2 authorizations are revoked.").waitFor();
    await button(dialog(page), "Delete").click();
    await page.getByRole("heading", { name: "Roles", level: 1 }).waitFor();
    const left = await admin.post("/v2/authorizations/search", { filter: { resourceIds: ["leavers"] } });
    assert.equal(left.body.page.totalItems, 0);
    await close();
  },

  async names_that_look_alike_are_marked(browser) {
    await user("olga");
    await user("o.lga");
    await admin.put("/v2/roles/admin/users/o.lga");
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/users");
    await row(page, "Similar to o.lga").waitFor();
    await row(page, "Similar to olga").waitFor();
    assert.equal(await page.getByText("Similar to").count(), 2, "no other user");
    await page.goto(`${page.url().split("/users")[0]}/who-can?tab=administrators`);
    await row(page, "user o.lga > role Admin (admin)").getByText("Similar to olga").first().waitFor();
    await close();
  },
};
