// Rights that lead to administration are named where they are granted, asked about and reviewed.

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
    await dialog(page).getByLabel("Resource’s ID").fill("admin");
    await dialog(page).getByText("READ", { exact: true }).click();
    assert.equal(await dialog(page).getByText("Leads to administration").count(), 0, "to look leads nowhere");
    await dialog(page).getByText("UPDATE", { exact: true }).click();
    await dialog(page).getByText("Leads to administration").waitFor();
    await dialog(page).getByText("Who has this can become an administrator with 1 request.").waitFor();
    await dialog(page).getByText("assign the role admin to themselves").waitFor();
    await button(dialog(page), "Create").click();
    await row(cluster, "Leads to administration").waitFor();
    assert.equal(await row(cluster, "Leads to administration").count(), 1, "not that they may read themselves");

    await page.goto(`${page.url().split("/users")[0]}/who-can?tab=administrators`);
    await row(page, "user erin > ROLE:UPDATE on admin").getByText("after 1 request").waitFor();
    await row(page, "user demo > role admin").getByText("now").first().waitFor();
    await page.goto(`${page.url().split("/who-can")[0]}/who-can?type=ROLE&action=UPDATE&resource=admin`);
    await page.getByText("Leads to administration").waitFor();
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
    await dialog(page).getByText("2 authorizations end.").waitFor();
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
    await row(page, "Looks like o.lga").waitFor();
    await row(page, "Looks like olga").waitFor();
    assert.equal(await page.getByText("Looks like").count(), 2, "no other user");
    await page.goto(`${page.url().split("/users")[0]}/who-can?tab=administrators`);
    await row(page, "user o.lga > role admin").getByText("Looks like olga").first().waitFor();
    await close();
  },
};
