// Tasks of administrators in a browser. Each task verifies its results through the API.

import assert from "node:assert/strict";

import { administrator, api, open, signIn, user } from "./browser.mjs";
import { look } from "./eyes.mjs";
import { button, dialog, pick, row, said } from "./hands.mjs";

const admin = api();
const groupOf = async (name) => (await admin.get(`/api/groups?search=${name}`)).body[0];

export const tasks = {
  async a_new_user_with_access_signs_in(browser) {
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/users");
    await button(page, "Create user").click();
    await dialog(page).getByLabel("Username").fill("nora");
    await dialog(page).getByLabel("Name", { exact: true }).fill("Nora Berg");
    await dialog(page).getByLabel("E-mail").fill("nora@example.org");
    await dialog(page).getByLabel("Password", { exact: true }).fill("a secret of nora");
    await button(dialog(page), "Create").click();
    await page.getByRole("heading", { name: "Nora Berg" }).waitFor();

    await page.goto(`${page.url().split("/users")[0]}/roles/readonly-admin?tab=USER`);
    await pick(page, "Assign users", "nora", "Nora Berg");
    await row(page, "nora").waitFor();
    const mine = await api("nora", "a secret of nora").get("/api/me/permissions");
    assert.deepEqual(mine.body, ["read", "read:users"]);

    const hers = await open(browser);
    await signIn(hers.page, "nora", "a secret of nora");
    await hers.page.getByRole("heading", { name: "Welcome, Nora Berg" }).waitFor();
    await hers.page.goto(page.url().replace(/roles.*/, "groups"));
    await hers.page.getByRole("heading", { name: "Groups", level: 1 }).waitFor();
    assert.equal(await button(hers.page, "Create group").count(), 0, "she may look, and change nothing");
    await hers.close();
    await close();
  },

  async a_group_gives_its_members_what_it_has(browser) {
    await user("gina");
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/groups");
    await button(page, "Create group").click();
    await dialog(page).getByLabel("Name").fill("Givers");
    await button(dialog(page), "Create").click();
    await page.getByRole("heading", { name: "Givers" }).waitFor();
    await pick(page, "Assign members", "gina", "gina");
    await row(page, "gina").waitFor();
    await page.getByRole("tab", { name: "Roles" }).click();
    await pick(page, "Assign roles", "Optimize", "Full access to Optimize");
    await row(page, "Optimize").waitFor();
    await page.getByRole("tab", { name: "Tenants" }).click();
    await pick(page, "Assign tenants", "Default", "Default");
    await row(page, "Default").waitFor();

    const hers = api("gina", "secret");
    assert.deepEqual((await hers.get("/api/me/permissions?audience=optimize-api")).body, ["write:*"]);
    const { id } = await groupOf("Givers");
    assert.deepEqual((await admin.get(`/api/tenants?memberId=${id}&memberType=GROUP`)).body, [
      { tenantId: "<default>", name: "Default" },
    ]);
    await close();
  },

  async what_a_deletion_means_is_said_before_it(browser) {
    const id = (await admin.post("/api/groups", { name: "Leavers" })).body.id;
    for (const name of ["lea", "leo"]) {
      await user(name);
      await admin.post(`/api/groups/${id}/users`, { userId: name });
    }
    await admin.post(`/api/groups/${id}/roles`, { roleName: "Console" });
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", `/groups/${id}`);
    await button(page, "Delete").click();
    await dialog(page).getByText("2 users lose the role Console.").waitFor();
    await button(dialog(page), "Cancel").click();
    assert.equal((await admin.get(`/api/groups/${id}`)).status, 200, "nothing happens without a yes");
    await button(page, "Delete").click();
    await dialog(page).getByText("This action cannot be undone.").waitFor();
    await button(dialog(page), "Delete").click();
    await page.getByRole("heading", { name: "Groups", level: 1 }).waitFor();
    assert.equal((await admin.get(`/api/groups/${id}`)).status, 404);
    await close();
  },

  async a_member_who_was_removed_is_put_back(browser) {
    const id = (await admin.post("/api/groups", { name: "Undoers" })).body.id;
    await user("una");
    await admin.post(`/api/groups/${id}/users`, { userId: "una" });
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", `/groups/${id}`);
    await button(page, "Remove una").click();
    await said(page, "una removed.");
    assert.deepEqual((await admin.get(`/api/groups/${id}/users`)).body, []);
    await button(page, "Undo").click();
    await row(page, "una").waitFor();
    assert.equal((await admin.get(`/api/groups/${id}/users`)).body.length, 1);
    await close();
  },

  async a_role_gets_a_permission(browser) {
    await user("rita");
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/roles");
    await button(page, "Create role").click();
    await dialog(page).getByLabel("Name").fill("Invoice clerks");
    await dialog(page).getByLabel("Description").fill("May write invoices");
    await button(dialog(page), "Create").click();
    await page.getByRole("heading", { name: "Invoice clerks" }).waitFor();
    await button(page, "Add permission").click();
    await dialog(page).getByLabel("API").fill("invoices-api");
    await dialog(page).getByLabel("Permission").fill("write");
    await button(dialog(page), "Add").click();
    await row(page, "invoices-api").waitFor();
    await page.getByRole("tab", { name: "Users" }).click();
    await pick(page, "Assign users", "rita", "rita");
    await row(page, "rita").waitFor();
    const hers = await api("rita", "secret").get("/api/me/permissions?audience=invoices-api");
    assert.deepEqual(hers.body, ["write"]);
    await close();
  },

  async a_tenant_gets_members(browser) {
    await user("tom");
    const { page, close, expect } = await open(browser);
    expect(/^(409: POST|console: .*409)/);
    await signIn(page, "demo", "demo", "/tenants");
    await button(page, "Create tenant").click();
    await dialog(page).getByLabel("Name").fill("Taken");
    await dialog(page).getByLabel("Tenant ID").fill("<default>");
    await button(dialog(page), "Create").click();
    await dialog(page).getByText("Request failed").or(dialog(page).getByText("may only contain")).first().waitFor();
    assert.equal(await dialog(page).getByLabel("Name").inputValue(), "Taken", "what was typed stays");
    await dialog(page).getByLabel("Name").fill("Tailors");
    await dialog(page).getByLabel("Tenant ID").fill("tailors");
    await button(dialog(page), "Create").click();
    await page.getByRole("heading", { name: "Tailors" }).waitFor();
    await pick(page, "Assign users", "tom", "tom");
    await row(page, "tom").waitFor();
    await page.getByRole("tab", { name: "Applications" }).click();
    await button(page, "Assign applications").click();
    await dialog(page).getByLabel("Client ID").fill("tailor-shop");
    await button(dialog(page), "Add").click();
    await row(page, "tailor-shop").waitFor();
    assert.ok((await api("tom", "secret").get("/api/tenants/for-token")).body.some(({ tenantId }) => tenantId === "tailors"));
    const applications = (await admin.get("/api/tenants/tailors/applications")).body;
    assert.deepEqual(applications.map(({ clientId }) => clientId), ["tailor-shop"]);
    await close();
  },

  async an_authorization_is_made_changed_and_ended(browser) {
    await user("abel");
    const find = async () =>
      (await admin.post("/v2/authorizations/search", { filter: { ownerId: "abel", resourceIds: ["order"] } })).body.items;
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/users/abel?tab=authorizations");
    const cluster = page.getByRole("region", { name: "Orchestration cluster" }).first();
    await button(page, "Create authorization").first().click();
    await dialog(page).getByLabel("Resource type").selectOption("MESSAGE");
    assert.deepEqual(
      await dialog(page).getByRole("checkbox").evaluateAll((boxes) => boxes.map(({ id }) => id)),
      ["permission-CREATE", "permission-READ"],
      "only what the type supports is offered",
    );
    await dialog(page).getByLabel("Resource type").selectOption("PROCESS_DEFINITION");
    await dialog(page).getByText("One resource").click();
    await dialog(page).getByLabel("Resource ID").fill("order");
    await dialog(page).getByText("READ_PROCESS_INSTANCE", { exact: true }).click();
    await button(dialog(page), "Create").click();
    await row(cluster, "order").waitFor();
    assert.deepEqual((await find())[0].permissionTypes, ["READ_PROCESS_INSTANCE"]);

    await button(page, "Edit: abel on PROCESS_DEFINITION order").click();
    await dialog(page).getByText("CREATE_PROCESS_INSTANCE", { exact: true }).click();
    await button(dialog(page), "Save").click();
    await row(cluster, "CREATE_PROCESS_INSTANCE").waitFor();
    assert.equal((await find())[0].permissionTypes.length, 2);

    await button(page, "Revoke: abel on PROCESS_DEFINITION order").click();
    await dialog(page).getByText("abel loses these permissions on PROCESS_DEFINITION order").waitFor();
    await button(dialog(page), "Revoke authorization").click();
    await said(page, "Authorization revoked.");
    assert.deepEqual(await find(), []);
    await button(page, "Undo").click();
    await row(cluster, "order").waitFor();
    assert.equal((await find()).length, 1);
    await close();
  },

  async somebody_elses_session_is_ended(browser) {
    await user("sam");
    const his = await open(browser);
    his.expect(/401/);
    await signIn(his.page, "sam", "secret");
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/users/sam?tab=sessions");
    await page.getByRole("button", { name: /^End session of sam/ }).click();
    await dialog(page).getByText("sam is signed out in Chrome").waitFor();
    await button(dialog(page), "End session").click();
    await said(page, "Session ended.");
    assert.deepEqual((await admin.get("/api/sessions?username=sam")).body, []);
    await his.page.reload();
    await his.page.getByRole("button", { name: "Sign in" }).waitFor();
    await his.close();
    await close();
  },

  async who_was_refused_is_in_the_audit_log(browser) {
    await user("dora");
    const refused = await api("dora", "secret").post("/api/groups", { name: "Mine" });
    assert.equal(refused.status, 403);
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/audit-log");
    await page.getByLabel("Actor", { exact: true }).fill("dora");
    await page.getByLabel("Actor", { exact: true }).press("Enter");
    await page.getByLabel("Result").selectOption("DENIED");
    const entry = row(page, "dora").filter({ hasText: "Denied" });
    await entry.first().waitFor();
    assert.match(await entry.first().innerText(), /Create Group/);
    assert.match(page.url(), /actor=dora.*result=DENIED/, "the address leads here again");
    await page.reload();
    await entry.first().waitFor();
    await close();
  },

  async lists_are_searched_sorted_and_paged_by_the_server(browser) {
    const names = Array.from({ length: 45 }, (_, index) => `list-${String(index).padStart(2, "0")}`);
    await Promise.all(names.map((name) => user(name)));
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/users?q=list-&sort=-username");
    const first = () => page.getByRole("row").nth(1).innerText();
    await row(page, "list-44").waitFor();
    assert.match(await first(), /list-44/, "a link brings order and search with it");
    await said(page, "45 entries");
    await page.getByRole("button", { name: "Next page" }).click();
    await row(page, "list-24").waitFor();
    assert.equal(await page.getByRole("row").count(), 21);
    await page.getByRole("columnheader", { name: "Username" }).getByRole("button").click();
    await row(page, "demo").or(row(page, "list-00")).first().waitFor();
    await page.getByRole("searchbox").fill("list-3");
    await said(page, "10 entries");
    await page.getByRole("searchbox").fill("nobody of this name");
    await page.getByRole("heading", { name: "No results" }).waitFor();
    await close();
  },

  async why_somebody_is_refused_is_found_and_mended(browser) {
    await user("frank");
    const his = api("frank", "secret");
    const refused = await his.get("/api/groups");
    assert.equal(refused.status, 403);
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", `/why?tab=denial&refusal=${refused.body.reasonId}`);
    await page.getByRole("heading", { name: "Not allowed" }).waitFor();
    await page.getByRole("list", { name: "Access path" }).getByText("frank").waitFor();

    await page.getByRole("tab", { name: "Check access" }).click();
    await page.getByLabel("Username").fill("frank");
    await page.getByLabel("Permission").fill("read");
    await button(page, "Check").click();
    await page.getByRole("heading", { name: "Not allowed" }).waitFor();
    const remedies = await page.getByRole("button", { name: /^Apply: / }).allTextContents();
    assert.ok(remedies.length > 1, "the role admin would help, too");
    const least = page.getByRole("button", { name: /^Apply: / }).first();
    assert.equal(await least.getAttribute("aria-label"), "Apply: Add User frank to Role Readonly Admin (readonly-admin).");

    // Administrator's rights are announced before they are given.
    await page.getByRole("button", { name: "Apply: Add User frank to Role Admin (admin)." }).click();
    await said(dialog(page), /Administrator's rights: frank/);
    await said(dialog(page), /Gives frank \d+ permissions, more than were asked for/);
    await button(dialog(page), "Cancel").click();
    await dialog(page).waitFor({ state: "hidden" });

    const apply = async () => {
      await least.click();
      await said(dialog(page), "Gives access to frank.");
      assert.equal(await dialog(page).getByText(/Administrator's rights/).count(), 0);
      await button(dialog(page), "Apply").click();
      await page.getByRole("heading", { name: "Allowed", exact: true }).waitFor();
    };
    await apply();
    await button(page, "Undo").click();
    await page.getByRole("heading", { name: "Not allowed" }).waitFor();
    assert.equal((await his.get("/api/groups")).status, 403);
    await apply();
    assert.match(await page.getByRole("list", { name: "Access path" }).innerText(), /frank[^]*member of[^]*grants[^]*read/);
    assert.equal((await his.get("/api/groups")).status, 200);
    assert.match(page.url(), /id=frank/, "the address leads here again");
    await close();
  },

  async effective_access_of_a_person_is_seen_with_its_paths(browser) {
    await user("gerda");
    assert.equal((await admin.post("/v2/groups", { groupId: "auditors", name: "Auditors" })).status, 201);
    assert.equal((await admin.put("/v2/groups/auditors/users/gerda", {})).status, 204);
    assert.equal((await admin.put("/v2/roles/readonly-admin/groups/auditors", {})).status, 204);
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/users/gerda");
    await page.getByRole("tab", { name: "Effective access" }).click();
    await row(page, "user gerda > group Auditors (auditors) > role Readonly Admin (readonly-admin)").first().waitFor();
    await look(page, "user-access");
    await page.getByRole("link", { name: "Explain an access, or why it is missing" }).click();
    await page.getByRole("heading", { name: "Explain access", level: 1 }).waitFor();
    assert.equal(await page.getByLabel("Username").inputValue(), "gerda");
    await close();
  },

  async who_administers_is_seen_and_exported(browser) {
    await administrator("adele");
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/who-can?tab=administrators");
    await row(page, "user adele > role Admin (admin)").first().waitFor();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).click()]);
    const stream = await file.createReadStream();
    let text = "";
    for await (const chunk of stream) text += chunk;
    assert.match(text, /"user adele > role admin"/);
    const shown = (await admin.get("/access/v1/review/administrators")).body.lines;
    assert.equal(text.trim().split("\r\n").length - 1, shown.length);

    await page.getByRole("tab", { name: "By resource" }).click();
    await button(page, "Find").click();
    await row(page, "adele").first().waitFor();
    await close();
  },
};
