// Policies as code: documents in files are planned and applied, and mark what they manage.

import assert from "node:assert/strict";

import { api, base, open, signIn, user } from "./browser.mjs";
import { look } from "./eyes.mjs";
import { button, dialog, row, said } from "./hands.mjs";

const admin = api();

const COMMON = `users:
- username: eve
  name: Eve
  password: env:EVE
groups:
- group-id: sales
  name: Sales
  users: [eve]
`;
const OPERATIONS = '{"groups": [{"group-id": "ops", "name": "Operations", "users": ["eve"]}]}';
const RIGHTS = `authorizations:
- owner-type: GROUP
  owner-id: sales
  resource-type: PROCESS_DEFINITION
  resource-id: order
  permissions: [CREATE_PROCESS_INSTANCE]
`;

const files = (texts) =>
  Object.entries(texts).map(([name, text]) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) }));
const choose = (page, texts) => page.locator('input[type="file"]').setInputFiles(files(texts));
const plan = (page) => button(page, "Plan").click();
const alert = (page) => page.getByRole("alert");
const change = (page, text) => row(page.getByRole("region", { name: "Planned changes" }), text);
const effect = (page, text) => row(page.getByRole("region", { name: "Effect on access" }), text);
const managed = (place) => place.getByText("Managed by the policy document “policies”");

/** Exports the policies. Returns the name of the file and its text. */
async function exported(page, format) {
  const [file] = await Promise.all([page.waitForEvent("download"), button(page, `Export ${format}`).click()]);
  let text = "";
  for await (const chunk of await file.createReadStream()) text += chunk;
  return [file.suggestedFilename(), text];
}

/** Applies the plan on the page. `confirmed`: the plan has to be confirmed. */
async function apply(page, source, confirmed) {
  await button(page, "Apply plan").click();
  if (source) await dialog(page).getByLabel("Source (optional)").fill(source);
  const submit = button(dialog(page), "Apply");
  assert.equal(await submit.isDisabled(), confirmed);
  if (confirmed) await dialog(page).getByText("This widens access or ends an administrator").click();
  await submit.click();
}

export const tasks = {
  async policies_are_exported_planned_and_applied(browser) {
    const { page, close, expect } = await open(browser);
    expect(/400|409/);
    await signIn(page, "demo", "demo", "/policies");
    await page.getByRole("heading", { name: "No documents applied yet" }).waitFor();
    await look(page, "policies");
    await page.getByRole("link", { name: "Policies as code in the documentation" }).click();
    await page.getByRole("heading", { name: "Policies as code", level: 1 }).waitFor();
    await page.getByText("Three commands connect the files with a running server").waitFor();
    await page.goBack();

    const [name, json] = await exported(page, "JSON");
    assert.equal(name, "policies.json");
    assert.deepEqual(JSON.parse(json), (await admin.get("/api/policies")).body);
    const [other, yaml] = await exported(page, "YAML");
    assert.equal(other, "policies.yaml");
    assert.match(yaml, /^users:\n {2}- username: demo\n/);

    // The export is what is stored. Text and files are one document.
    await page.getByLabel("Text (optional)").fill(yaml);
    await plan(page);
    await page.getByText(/^No changes: the policies are as the document states/).waitFor();
    assert.equal(await page.getByRole("region", { name: "Effect on access" }).count(), 0);

    // Faults have their place; those of the form are found in the browser, the others by the server.
    await page.getByLabel("Text (optional)").fill("groups:\n- group-id: a\n  group-id: b\n");
    await plan(page);
    await alert(page).getByText("Text:3:3").waitFor();
    await alert(page).getByText("The key is defined twice.").waitFor();
    await page.getByLabel("Text (optional)").fill("");
    await choose(page, { "common.yaml": COMMON.replace("env:EVE", "a secret"), "ops.json": OPERATIONS });
    await plan(page);
    await alert(page).getByText("common.yaml:4:3").waitFor();
    await alert(page).getByText("Must be a reference to the password").waitFor();
    await choose(page, { "common.yaml": COMMON.replace("name: Sales", "nam: Sales") });
    await plan(page);
    await alert(page).getByText("common.yaml:7:3").waitFor();
    await alert(page).getByText("/groups/0/nam", { exact: true }).waitFor();
    await look(page, "policies-faults");

    // A file that is chosen again replaces the one before.
    await choose(page, { "common.yaml": COMMON });
    await page.getByLabel("Text (optional)").fill(RIGHTS);
    await page.getByLabel("Name of the document").fill("not a name");
    await plan(page);
    await page.locator("#field-name-error-msg").waitFor();
    await page.getByLabel("Name of the document").fill("policies");
    await plan(page);
    await page.getByText(/^7 changes of the policies at revision/).waitFor();
    await page.getByText("1 user is created without a password").waitFor();
    await change(page, "Create").filter({ hasText: "Group ops" }).waitFor();
    await change(page, "Assign").filter({ hasText: "User eve in Group sales" }).waitFor();
    await change(page, "Authorization of Group sales: CREATE_PROCESS_INSTANCE on PROCESS_DEFINITION order").waitFor();
    await effect(page, "PROCESS_DEFINITION order CREATE_PROCESS_INSTANCE").filter({ hasText: "User eve" }).waitFor();
    await look(page, "policies-plan");
    assert.equal((await admin.get("/v2/groups/sales")).status, 404, "a plan changes nothing");

    // A plan that no longer holds is not applied, but made again.
    assert.equal((await admin.post("/v2/groups", { groupId: "sales", name: "Vente" })).status, 201);
    await apply(page, "", true);
    await dialog(page).getByText("The policies have changed since the plan was made").waitFor();
    await look(page, "policies-outdated");
    await button(dialog(page), "Plan again").click();
    await dialog(page).waitFor({ state: "hidden" });
    await change(page, "Update").filter({ hasText: "Name: “Vente” → “Sales”" }).waitFor();
    await apply(page, "commit 7f3a by Ann", true);
    await dialog(page).waitFor({ state: "hidden" });
    await said(page, "“policies” applied: 7 changes.");
    await row(page, "commit 7f3a by Ann").waitFor();
    const [document] = (await admin.get("/api/policies/documents")).body;
    assert.deepEqual([document.name, document.source], ["policies", "commit 7f3a by Ann"]);
    assert.equal((await admin.get("/v2/groups/sales")).body.name, "Sales");
    assert.ok(!(await admin.get("/api/policies")).body.users.some(({ password }) => password !== undefined));

    // What left the document is removed if that is chosen. Only access is lost, so there is nothing to confirm.
    await button(page, "Remove ops.json").click();
    await page.getByLabel("What is removed").selectOption("MANAGED");
    await plan(page);
    await change(page, "Delete").filter({ hasText: /Group .*ops/ }).waitFor();
    await apply(page, "commit 8c1d", false);
    await row(page, "commit 8c1d").waitFor();
    assert.equal((await admin.get("/v2/groups/ops")).status, 404);

    // Without the input, nothing can be planned.
    await button(page, "Remove common.yaml").click();
    await page.getByLabel("Text (optional)").fill("");
    assert.ok(await button(page, "Plan").isDisabled());
    await close();
  },

  async what_a_document_manages_is_marked(browser) {
    const document = {
      users: [{ username: "mia" }],
      "resource-types": [{ "resource-type": "ticket", permissions: ["close"] }],
      groups: [{ "group-id": "staff", name: "Staff", users: ["mia"] }],
      roles: [{ "role-id": "agent", name: "Agent" }],
      tenants: [{ "tenant-id": "north", name: "North" }],
    };
    assert.equal((await admin.post("/api/policies/apply", { document, source: "commit 91e0" })).status, 200);
    assert.equal((await admin.post("/v2/groups", { groupId: "free", name: "Free" })).status, 201);
    const { page, close } = await open(browser);
    await signIn(page);
    for (const path of ["users/mia", "resource-types/ticket", "groups/staff", "roles/agent", "tenants/north"]) {
      await page.goto(`${base}/${path}`);
      await managed(page).waitFor();
      await page.getByText(/^Applied on .*, source: commit 91e0\. Changes made here are reported as drift/).waitFor();
      await button(page, "Delete").click();
      await managed(dialog(page)).waitFor();
      await dialog(page).getByText("This action cannot be undone.").waitFor();
      if (path === "groups/staff") await look(page, "managed-group");
      await button(dialog(page), "Cancel").click();
    }

    const asked = page.waitForResponse((response) => response.url().includes("/api/policies/documents?"));
    await page.goto(`${base}/groups/free`);
    assert.deepEqual(await (await asked).json(), []);
    await page.getByRole("heading", { name: "Free", level: 1 }).waitFor();
    assert.equal(await managed(page).count(), 0);
    await close();
  },

  async a_reader_plans_and_cannot_apply(browser) {
    await user("vera");
    assert.equal((await admin.put("/v2/roles/readonly-admin/users/vera")).status, 204);
    const { page, close } = await open(browser, { locale: "de-DE" });
    await page.goto(`${base}/policies`);
    await page.locator('input[name="username"]').fill("vera");
    await page.locator('input[name="password"]').fill("secret");
    await page.locator('button[type="submit"]').click();
    await page.getByRole("heading", { name: "Richtlinien als Code", level: 1 }).waitFor();

    // By keyboard, in the reader's language.
    await page.getByLabel("Text (optional)").fill("groups: [");
    await page.getByLabel("Name des Dokuments").press("Enter");
    await alert(page).getByText("Kein gültiges YAML oder JSON").waitFor();
    await page.getByLabel("Text (optional)").fill("groups: [{group-id: new, name: New}]");
    await button(page, "Planen").press("Enter");
    await page.getByText(/^1 Änderung der Richtlinien bei Revision/).waitFor();
    await row(page, "Gruppe new").waitFor();
    assert.equal(await button(page, "Plan anwenden").count(), 0);
    assert.equal((await admin.get("/v2/groups/new")).status, 404);
    await close();
  },
};
