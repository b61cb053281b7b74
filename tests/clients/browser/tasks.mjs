// Tasks of administrators in a browser. Each task verifies its results through the API.

import assert from "node:assert/strict";

import { administrator, api, open, signIn, user } from "./browser.mjs";
import { look } from "./eyes.mjs";
import { button, dialog, downloaded, pick, row, said, written } from "./hands.mjs";

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
    await said(page, "Change undone.");
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
    await dialog(page).getByLabel("Description").fill("May: write invoices");
    assert.equal(
      await written(page, "YAML"),
      `initialization:
  roles:
    - role-id: invoice-clerks
      name: Invoice clerks
      description: "May: write invoices"`,
    );
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
    const permissions = async (audience) =>
      (await api("rita", "secret").get(`/api/me/permissions?audience=${audience}`)).body;
    assert.deepEqual(await permissions("invoices-api"), ["write"]);

    // A permission that makes administrators is confirmed, and can be undone.
    await page.getByRole("tab", { name: "Permissions" }).click();
    await button(page, "Add permission").click();
    await dialog(page).getByLabel("API").fill("camunda-identity-resource-server");
    await dialog(page).getByLabel("Permission").fill("write");
    await dialog(page).getByText("Gives access to rita.").waitFor();
    const add = button(dialog(page), "Add");
    assert.ok(await add.isDisabled());
    await look(page, "reach-permission");
    await dialog(page).getByText("This makes administrators").click();
    const yaml = await written(page, "YAML");
    assert.match(yaml, /description: "May: write invoices"\n      permissions:\n        - audience: camunda-/);
    assert.deepEqual(await permissions("camunda-identity-resource-server"), []);
    await add.click();
    await said(page, "write saved.");
    assert.deepEqual(await permissions("camunda-identity-resource-server"), ["write"]);
    await button(page, "Undo").click();
    await said(page, "Change undone.");
    assert.deepEqual(await permissions("camunda-identity-resource-server"), []);
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
    await said(page, "Change undone.");
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

  async what_a_change_changed_is_found_and_exported(browser) {
    const { id } = (await admin.post("/api/groups", { name: "Harbour" })).body;
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", `/groups/${id}`);
    await button(page, "Edit").click();
    await dialog(page).getByLabel("Name", { exact: true }).fill("Harbour, EU");
    await button(dialog(page), "Save").click();
    await page.getByRole("heading", { name: "Harbour, EU", level: 1 }).waitFor();

    await page.goto(`${page.url().split("/groups")[0]}/audit-log`);
    await page.getByLabel("Entity ID").fill(id);
    await page.getByLabel("Entity ID").press("Enter");
    await page.getByLabel("Period").selectOption("Yesterday");
    await page.getByRole("heading", { name: "No entries" }).waitFor();
    await page.getByLabel("Period").selectOption("Today");
    await page.getByText("Hide the server's own entries").click();
    const entry = row(page, "Update Group");
    await entry.getByText("Name: “Harbour” → “Harbour, EU”").waitFor();
    assert.match(page.url(), /period=today/);
    assert.match(page.url(), /server=hidden/);
    await look(page, "audit-log-changes");

    const json = await downloaded(page, "Export JSON Lines");
    assert.match(json.name, /^audit-log-\d{4}-\d\d-\d\d\.jsonl$/);
    const entries = json.text.trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(entries, (await admin.get(`/api/audit-log?entityKey=${id}`)).body);
    assert.deepEqual(entries[0].changes, [{ field: "name", before: "Harbour", after: "Harbour, EU" }]);
    await said(page, "2 entries exported");
    const csv = await downloaded(page, "Export CSV");
    assert.match(csv.text, /"name: Harbour → Harbour, EU"\r\n/);

    await page.reload();
    await entry.getByRole("link", { name: id }).click();
    await page.getByRole("heading", { name: "Harbour, EU", level: 1 }).waitFor();
    await page.goBack();
    await entry.getByRole("link", { name: "demo" }).click();
    await page.getByRole("heading", { level: 1 }).waitFor();
    assert.match(page.url(), /\/users\/demo/);
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
    await said(page, "Change undone.");
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

  async a_person_is_deactivated_and_reactivated(browser) {
    await user("dora");
    const group = (await admin.post("/api/groups", { name: "Dancers" })).body.id;
    await admin.post("/api/roles/readonly-admin/members", { memberType: "USER", memberId: "dora" });
    const hers = await open(browser);
    hers.expect(/401/);
    await signIn(hers.page, "dora", "secret");
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/users/dora?tab=groups");
    await pick(page, "Add to groups", "Dancers", "Dancers");
    await row(page, "Dancers").waitFor();
    assert.equal((await admin.get(`/api/groups/${group}/users`)).body[0].id, "dora");

    await button(page, "Deactivate").click();
    await dialog(page).getByText("dora can no longer sign in and has no access.").waitFor();
    await dialog(page).getByText(/^Roles lost: read.*only/i).waitFor();
    await dialog(page).getByText("Groups lost: Dancers.").waitFor();
    await dialog(page).getByText("1 session ends immediately.").waitFor();
    await look(page, "deactivation");
    await button(dialog(page), "Deactivate").click();
    await said(page, "dora is inactive.");
    await page.getByText("Inactive", { exact: true }).first().waitFor();
    assert.equal((await admin.get("/api/users/dora")).body.enabled, false);
    assert.equal((await admin.get("/api/sessions?username=dora")).body.length, 0);
    await page.goto(page.url().replace(/users.*/, "users?search=dora"));
    await row(page, "dora").getByText("Inactive").waitFor();
    await look(page, "inactive-in-list");

    await hers.page.goto(`${page.url().split("/users")[0]}/auth/login`);
    await hers.page.getByLabel("Username").fill("dora");
    await hers.page.getByLabel("Password").fill("secret");
    await hers.page.getByRole("button", { name: "Sign in" }).click();
    await hers.page.getByText("the account is inactive").waitFor();

    await page.goto(page.url().replace(/users.*/, "users/dora"));
    await button(page, "Reactivate").click();
    await button(dialog(page), "Reactivate").click();
    await said(page, "dora is active.");
    assert.deepEqual((await api("dora", "secret").get("/api/me/permissions")).body, ["read", "read:users"]);
    await hers.close();
    await close();
  },

  async refusals_of_a_person_are_seen_and_a_role_is_added(browser) {
    await user("rolf");
    assert.equal((await api("rolf", "secret").get("/api/groups")).status, 403);
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/users/rolf?tab=refusals");
    await row(page, "permission").first().waitFor();
    await look(page, "refusals");
    await page.getByRole("tab", { name: "Roles" }).click();
    await pick(page, "Assign roles", "Console", "Console");
    await row(page, "Console").waitFor();
    assert.equal((await admin.get("/api/memberships?memberType=USER&memberId=rolf")).body.roles[0].name, "Console");
    await button(page, "Delete").click();
    await dialog(page).getByText(/^Roles lost: Console/).waitFor();
    await look(page, "deletion-of-a-person");
    await button(dialog(page), "Delete").click();
    await page.getByRole("heading", { name: "Users", level: 1 }).waitFor();
    assert.equal((await admin.get("/v2/users/rolf")).status, 404);
    await close();
  },

  async the_own_account_is_seen_and_its_password_changed(browser) {
    await user("olga");
    const other = await open(browser);
    other.expect(/401/);
    await signIn(other.page, "olga", "secret");
    const { page, close, expect } = await open(browser);
    expect(/^(400: PUT|console: .*400)/);
    await signIn(page, "olga", "secret");
    await page.getByRole("link", { name: "Your account" }).first().click();
    await page.getByRole("heading", { name: "Your account", level: 1 }).waitFor();
    await row(page, "USER olga").first().waitFor();
    await look(page, "own-access");
    await page.getByRole("tab", { name: "Password" }).click();
    const fill = async (current, next) => {
      await page.getByLabel("Current password").fill(current);
      await page.getByLabel("New password").fill(next);
      await button(page, "Change password").click();
    };
    await fill("secret", "passwordpassword");
    await page.getByText("must be harder to guess").first().waitFor();
    await fill("wrong", "the kettle sings at dawn");
    await page.getByText("This is not the current password.").first().waitFor();
    await look(page, "own-password");
    await fill("secret", "the kettle sings at dawn");
    await said(page, "Password changed.");
    assert.equal((await api("olga", "secret").get("/api/me")).status, 401);
    assert.equal((await api("olga", "the kettle sings at dawn").get("/api/me/sessions")).body.length, 1);
    await page.getByRole("tab", { name: "My sessions" }).click();
    await row(page, "current").waitFor();
    await other.close();
    await close();
  },
};
