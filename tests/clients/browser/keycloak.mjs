// Users and applications are stored in Keycloak.

import assert from "node:assert/strict";

import { base, open } from "./browser.mjs";
import { asSignedIn, exportAuditLog, grantAndUndo } from "./everyday.mjs";
import { look, visitInGerman } from "./eyes.mjs";
import { button, dialog, pick, row, said } from "./hands.mjs";

async function signIn(page, path) {
  await page.goto(`${base}${path}`);
  await page.locator("#username").fill("demo");
  await page.locator("#password").fill("demo-s3cret");
  await page.locator("#kc-login").click();
}

export const tasks = {
  async people_and_applications_are_managed(browser) {
    const { page, context, close } = await open(browser);
    const get = async (path) => (await context.request.get(`${base}${path}`)).json();
    await signIn(page, "/users");
    await page.getByRole("heading", { name: "Users", level: 1 }).waitFor();
    await page.getByRole("row").filter({ hasText: "demo@example.org" }).waitFor();
    await look(page, "keycloak-users");

    // A user with a role.
    await button(page, "Create user").click();
    await dialog(page).getByLabel("Username").fill("kim");
    await dialog(page).getByLabel("First name").fill("Kim");
    await dialog(page).getByLabel("Last name").fill("Lee");
    await dialog(page).getByLabel("E-mail").fill("kim@example.org");
    await button(dialog(page), "Create").click();
    await page.getByRole("heading", { name: "Kim Lee" }).waitFor();
    await pick(page, "Assign roles", "Optimize", "Optimize");
    await page.getByRole("row").filter({ hasText: "Optimize" }).waitFor();
    await look(page, "keycloak-user");
    const [kim] = await get("/api/users?search=kim");
    assert.deepEqual((await get(`/api/users/${kim.id}/roles`)).map(({ name }) => name).includes("Optimize"), true);

    assert.equal(await page.getByRole("link", { name: "Policies as code" }).count(), 0, "Keycloak stores the policies");

    // An application, with a permission and a secret.
    await page.getByRole("link", { name: "Applications" }).first().click();
    await look(page, "applications");
    await button(page, "Add application").click();
    await dialog(page).getByLabel("Name").fill("Shop");
    await dialog(page).getByLabel("Client ID").fill("shop");
    await dialog(page).getByLabel("Type").selectOption("M2M");
    await button(dialog(page), "Create").click();
    await page.getByRole("heading", { name: "Shop" }).waitFor();
    await button(page, "Add permission").click();
    await dialog(page).getByLabel("API").fill("camunda-identity-resource-server");
    await dialog(page).getByLabel("Permission").fill("read");
    await button(dialog(page), "Add").click();
    await page.getByRole("row").filter({ hasText: "camunda-identity-resource-server" }).waitFor();
    await look(page, "application");
    const shop = (await get("/api/clients?search=shop")).find(({ clientId }) => clientId === "shop");
    assert.deepEqual((await get(`/api/clients/${shop.id}/permissions`)).map(({ definition }) => definition), ["read"]);
    // What cannot be simulated is stated from what is known, and a permission that makes administrators is confirmed.
    const held = async () => (await get(`/api/clients/${shop.id}/permissions`)).map(({ definition }) => definition).sort();
    await button(page, "Add permission").click();
    await dialog(page).getByLabel("API").fill("camunda-identity-resource-server");
    await dialog(page).getByLabel("Permission").fill("write");
    await dialog(page).getByText("Gives access to Shop.").waitFor();
    assert.ok(await button(dialog(page), "Add").isDisabled());
    await dialog(page).getByText("This makes administrators").click();
    await button(dialog(page), "Add").click();
    await said(page, "write saved.");
    assert.deepEqual(await held(), ["read", "write"]);
    await button(page, "Undo").click();
    await said(page, "Change undone.");
    assert.deepEqual(await held(), ["read"]);
    await page.getByRole("tab", { name: "Client secret" }).click();
    await button(page, "Show secret").click();
    assert.equal(await page.locator("#client-secret").inputValue(), (await get(`/api/clients/${shop.id}/secret`)).secret);

    // An API with a permission.
    await page.getByRole("link", { name: "APIs" }).first().click();
    await look(page, "apis");
    await button(page, "Add API").click();
    await dialog(page).getByLabel("Name").fill("Orders");
    await dialog(page).getByLabel("Audience").fill("orders-api");
    await button(dialog(page), "Create").click();
    await page.getByRole("heading", { name: "Orders" }).waitFor();
    await button(page, "Add permission").click();
    await dialog(page).getByLabel("Permission").fill("write:*");
    await button(dialog(page), "Add").click();
    await page.getByRole("row").filter({ hasText: "write:*" }).waitFor();
    await look(page, "api");
    const orders = (await get("/api/resource-servers")).find(({ audience }) => audience === "orders-api");
    assert.deepEqual((await get(`/api/resource-servers/${orders.id}/permissions`)).map(({ definition }) => definition), ["write:*"]);

    // Groups are deleted at once. Their members are counted, as their deletion cannot be simulated.
    const csrf = (await context.cookies()).find(({ name }) => name === "X-CSRF-TOKEN").value;
    const post = (path, data) => context.request.post(`${base}${path}`, { headers: { "X-CSRF-TOKEN": csrf }, data });
    for (const name of ["Crew one", "Crew two"]) {
      const { id } = await (await post("/api/groups", { name })).json();
      assert.ok((await post(`/api/groups/${id}/users`, { userId: kim.id })).ok());
    }
    await page.getByRole("link", { name: "Groups" }).first().click();
    for (const name of ["Crew one", "Crew two"]) {
      await page.getByRole("checkbox", { name: `Select ${name}`, exact: true }).press("Space");
    }
    await button(page.getByRole("toolbar", { name: "2 entries selected" }), "Delete").click();
    await dialog(page).getByText("2 memberships end.").waitFor();
    await button(dialog(page), "Delete").click();
    await said(page, "Delete: 2 entries done.");
    assert.deepEqual(await get("/api/groups?search=Crew"), []);

    // A custom resource type, and an authorization on it with a condition.
    await page.getByRole("link", { name: "Resource types" }).first().click();
    await page.getByRole("row").filter({ hasText: "process-definition" }).waitFor();
    assert.equal(await page.getByRole("row").filter({ hasText: "PROCESS_DEFINITION" }).count(), 0, "nothing of the cluster's");
    await button(page, "Create resource type").click();
    await dialog(page).getByLabel("Name").fill("ticket");
    await dialog(page).getByLabel("Permissions").fill("close");
    await dialog(page).getByLabel("Properties").fill("team");
    await button(dialog(page), "Create").click();
    await page.getByRole("heading", { name: "ticket" }).waitFor();
    await page.getByRole("link", { name: "Authorizations" }).first().click();
    await button(page, "Create authorization").click();
    await dialog(page).getByLabel("Owner type").selectOption("CLIENT");
    await dialog(page).getByRole("combobox", { name: "Owner", exact: true }).fill("shop");
    await dialog(page).getByRole("option", { name: /shop/ }).click();
    await dialog(page).getByLabel("Resource type").selectOption("ticket");
    await dialog(page).getByText("close", { exact: true }).click();
    await button(dialog(page), "Add comparison").click();
    await dialog(page).getByLabel("Value").fill("blue");
    await button(dialog(page), "Create").click();
    await page.getByRole("row").filter({ hasText: "only if the resource’s team is “blue”" }).waitFor();
    const [granted] = await get("/api/authorizations?resourceType=ticket");
    assert.deepEqual([granted.permissions, granted.condition.length], [["close"], 1]);
    await look(page, "keycloak-authorizations");
    await close();
  },

  async daily_work_with_people_in_keycloak(browser) {
    const { page, context, close } = await open(browser);
    await signIn(page, "/users");
    await page.getByRole("heading", { name: "Users", level: 1 }).waitFor();
    const { get, post } = asSignedIn(context);
    const person = { username: "kim", firstName: "Kim", lastName: "Lee", email: "kim@example.org" };
    const { id } = await post("/api/users", { ...person, password: "correct horse" });
    await post(`/api/users/${id}/roles`, { roleName: "Optimize" });
    await post("/api/tenants", { tenantId: "acme", name: "Acme" });
    await post("/api/tenants/acme/users", { userIds: [id] });
    await grantAndUndo(page, get, `users/${id}`, "process-definition", "READ");

    // The page of a person: effective access with its paths, and deactivation.
    await page.goto(`${base}/users/${id}?tab=access`);
    await row(page, "Tenant acme").waitFor();
    await look(page, "keycloak-user-access");
    const enabled = async () => (await get(`/api/users/${id}`)).enabled;
    for (const [action, state] of [["Deactivate", false], ["Reactivate", true]]) {
      await button(page, action).click();
      await button(dialog(page), action).click();
      await said(page, state ? / is active\.$/ : / is inactive\.$/);
      assert.equal(await enabled(), state);
    }

    await page.getByRole("link", { name: "Explain an access, or why it is missing" }).click();
    await page.getByLabel("Permission").fill("write");
    await button(page, "Check").click();
    await page.getByRole("heading", { name: "Not allowed" }).waitFor();
    await page.locator(".remedies li").filter({ hasText: "to Role ManagementIdentity." }).waitFor();
    await look(page, "keycloak-why");

    // Keycloak assigns the IDs of users, so entries of their creation have no ID. Those of tenants do.
    await exportAuditLog(page, get, "acme");
    const [application] = await get("/api/clients");
    const [api] = await get("/api/resource-servers");
    const paths = [`/users/${id}`, `/users/${id}?tab=access`, `/applications/${application.id}`, `/apis/${api.id}`, "/account"];
    await visitInGerman(page, "keycloak", [...paths, "/roles/Optimize"]);
    await close();
  },
};
