// Users sign in through an identity provider: mapping rules and tokens.

import assert from "node:assert/strict";

import { base, open } from "./browser.mjs";
import { asSignedIn, exportAuditLog, grantAndUndo } from "./everyday.mjs";
import { look, visitInGerman } from "./eyes.mjs";
import { button, dialog, said, written } from "./hands.mjs";

/** Signs in through the pages of the provider. */
async function signIn(page, username) {
  await page.locator('input[name="login"]').fill(username);
  await page.locator('input[name="password"]').fill("any");
  await page.locator('button[type="submit"]').click();
  const consent = page.getByRole("button", { name: "Continue" });
  await consent.or(page.locator("#content h1")).first().waitFor();
  if (await consent.isVisible()) await consent.click();
  await page.locator("#content h1").first().waitFor();
}

export const tasks = {
  async a_rule_is_tried_and_made_and_a_token_is_inspected(browser) {
    const hers = await open(browser);
    // She has no permissions, but the server has recorded her claims.
    await hers.page.goto(`${base}/`);
    await signIn(hers.page, "ann");
    await hers.page.getByRole("heading", { name: "No permission to manage Identity" }).waitFor();

    const { page, context, close, expect } = await open(browser);
    expect(/409/);
    await page.goto(`${base}/mapping-rules`);
    await signIn(page, "root");
    await page.getByRole("heading", { name: "Mapping rules", level: 1 }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Users" }).count(), 0, "people live at the provider");

    // Simulate the rule first, which writes nothing.
    await page.goto(`${base}/try-rule`);
    await page.getByLabel("Claim", { exact: true }).fill("department");
    await page.getByLabel("Value").fill("sales");
    await page.getByLabel("Target", { exact: true }).selectOption("readonly-admin");
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByText(/Tested on \d+ recent callers?\. The rule affects [1-9]/).waitFor();
    await look(page, "try-rule");
    const rules = async () => (await (await context.request.get(`${base}/api/mapping-rules`)).json()).map(({ name }) => name);
    const before = await rules();
    await page.getByRole("button", { name: "Create rule" }).click();
    await page.getByText("department sales saved.").first().waitFor();
    assert.deepEqual((await rules()).filter((name) => !before.includes(name)), ["department sales"]);

    // The rule applies to her from her next request on.
    await hers.page.reload();
    await hers.page.getByRole("heading", { name: /^Welcome/ }).waitFor();
    await hers.close();

    // Paste claims and inspect them rule by rule.
    await page.goto(`${base}/inspector`);
    await page.getByLabel("Access token, or claims as JSON").fill('{"sub": "bob", "department": "sales"}');
    await page.getByRole("button", { name: "Inspect" }).click();
    const verdict = page.getByRole("row").filter({ hasText: "department sales" });
    await verdict.waitFor();
    assert.match(await verdict.innerText(), /Matches/);
    await page.getByText("readonly-admin").first().waitFor();
    await look(page, "inspector");

    // Delete the rule after a preview of the effects, then undo.
    await page.goto(`${base}/mapping-rules`);
    await page.getByRole("button", { name: "Delete department sales" }).click();
    await dialog(page).getByText(/These users lose the role Readonly.Admin\./i).waitFor();
    await dialog(page).getByRole("button", { name: "Delete" }).click();
    await page.getByText("department sales deleted.").first().waitFor();
    assert.ok(!(await rules()).includes("department sales"));
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("row").filter({ hasText: "department sales" }).waitFor();
    await look(page, "mapping-rules");
    assert.ok((await rules()).includes("department sales"));

    // An invalid selector is reported at its field.
    expect(/400/);
    await page.getByRole("button", { name: "Create mapping rule" }).click();
    await dialog(page).getByLabel("Name").fill("Broken");
    await dialog(page).getByLabel("Claim", { exact: true }).fill("$.a[");
    await dialog(page).getByLabel("Value").fill("x");
    await dialog(page).getByRole("button", { name: "Create" }).click();
    await dialog(page).locator("#field-claimName-error-msg").waitFor();
    assert.equal(await dialog(page).getByLabel("Name").inputValue(), "Broken");
    await look(page, "create-mapping-rule");
    await close();
  },

  async mapping_rules_are_members_of_groups_and_tenants(browser) {
    const { page, context, close } = await open(browser);
    await page.goto(`${base}/groups`);
    await signIn(page, "root");
    const csrf = (await context.cookies()).find(({ name }) => name === "X-CSRF-TOKEN").value;
    const post = async (path, data) => {
      const made = await context.request.post(`${base}${path}`, { headers: { "X-CSRF-TOKEN": csrf }, data });
      assert.equal(made.status(), 201);
    };
    const rule = { claimName: "department", claimValue: "it", operator: "EQUALS" };
    await post("/api/mapping-rules", { ...rule, name: "Group from IT", type: "GROUP" });
    await post("/api/mapping-rules", { ...rule, name: "Tenant from IT", type: "TENANT" });
    await post("/v2/groups", { groupId: "staff", name: "Staff" });
    await post("/v2/tenants", { tenantId: "acme", name: "Acme" });
    for (const [path, name, lost] of [
      ["groups/staff", "Group from IT", "1 mapping rule no longer adds users to the group."],
      ["tenants/acme", "Tenant from IT", "1 mapping rule no longer assigns this tenant."],
    ]) {
      await page.goto(`${base}/${path}`);
      await page.getByRole("tab", { name: "Mapping rules" }).click();
      await page.getByRole("button", { name: "Assign mapping rules" }).click();
      await dialog(page).getByRole("searchbox").fill("FROM it");
      await dialog(page).getByText(name).first().click();
      await dialog(page).getByRole("button", { name: "Add" }).click();
      await page.getByRole("row").filter({ hasText: name }).waitFor();
      const members = await (await context.request.get(`${base}/api/${path}/members?memberType=MAPPING_RULE`)).json();
      assert.deepEqual(members.map((member) => member.name), [name]);
      await page.getByRole("button", { name: "Delete", exact: true }).click();
      await dialog(page).getByText(lost).waitFor();
      await dialog(page).getByRole("button", { name: "Cancel" }).click();
    }

    // A rule that makes administrators is confirmed.
    const saved = async (name) => {
      const all = await (await context.request.get(`${base}/api/mapping-rules`)).json();
      return all.find((rule) => rule.name === name);
    };
    await page.goto(`${base}/mapping-rules`);
    await button(page, "Create mapping rule").click();
    await dialog(page).getByLabel("Name").fill("Role from IT");
    await dialog(page).getByLabel("Claim", { exact: true }).fill("department");
    await dialog(page).getByLabel("Value").fill("yes");
    await button(dialog(page), "Add: Role").click();
    const picker = dialog(page).filter({ has: page.getByRole("searchbox") });
    await picker.getByText("(Full access)", { exact: true }).click();
    await button(picker, "Add").click();
    await dialog(page).getByText("Gives access to all people whose tokens match 1 mapping rule.").waitFor();
    assert.ok(await button(dialog(page), "Create").isDisabled());
    await dialog(page).getByText("This makes administrators").click();
    assert.equal(
      await written(page, "YAML"),
      `initialization:
  mapping-rules:
    - mapping-rule-id: role-from-it
      name: Role from IT
      claim-name: department
      claim-value: "yes"
  default-roles:
    admin:
      mapping-rules:
        - role-from-it`,
    );
    assert.equal(await saved("Role from IT"), undefined);
    await button(dialog(page), "Create").click();
    await page.getByRole("row").filter({ hasText: "Role from IT" }).waitFor();
    assert.deepEqual((await saved("Role from IT")).appliedRoles.map(({ name }) => name), ["admin"]);

    // Several rules are deleted at once.
    for (const name of ["Group from IT", "Role from IT"]) {
      await page.getByRole("checkbox", { name: `Select ${name}`, exact: true }).press("Space");
    }
    await button(page.getByRole("toolbar", { name: "2 entries selected" }), "Delete").click();
    await dialog(page).getByText("Users with tokens matching 1 mapping rule lose the group staff.").waitFor();
    await dialog(page).getByText(/^And \d+ more\.$/).waitFor();
    await look(page, "bulk-mapping-rules");
    await button(dialog(page), "Delete").click();
    await page.getByText("Delete: 2 entries done.").first().waitFor();
    assert.equal(await saved("Role from IT"), undefined);
    assert.equal((await saved("Tenant from IT")).name, "Tenant from IT");
    await close();
  },

  async policies_as_code_manage_mapping_rules(browser) {
    const { page, context, close } = await open(browser);
    const get = async (path) => (await context.request.get(`${base}${path}`)).json();
    await page.goto(`${base}/policies`);
    await signIn(page, "root");
    await page.getByRole("heading", { name: "No documents applied yet" }).waitFor();
    const [file] = await Promise.all([page.waitForEvent("download"), button(page, "Export JSON").click()]);
    let text = "";
    for await (const chunk of await file.createReadStream()) text += chunk;
    assert.deepEqual(JSON.parse(text), await get("/api/policies"));

    const document = `mapping-rules:
- {mapping-rule-id: it-people, name: IT people, claim-name: department, claim-value: it}
groups:
- {group-id: it, name: IT, mapping-rules: [it-people]}
`;
    await page.getByLabel("Text (optional)").fill(document);
    await button(page, "Plan").click();
    await page.getByText(/^3 changes of the policies at revision/).waitFor();
    await page.getByRole("row").filter({ hasText: "Mapping rule it-people in Group it" }).waitFor();
    await look(page, "policies-plan-oidc");
    await button(page, "Apply plan").click();
    await dialog(page).getByLabel("Source (optional)").fill("commit 5d2f");
    await dialog(page).getByText("This widens access or ends an administrator").click();
    await button(dialog(page), "Apply").click();
    await page.getByRole("row").filter({ hasText: "commit 5d2f" }).waitFor();
    assert.ok((await get("/api/mapping-rules")).some(({ name }) => name === "IT people"));

    const notice = (place) => place.getByText("Managed by the policy document “policies”");
    await page.goto(`${base}/groups/it`);
    await notice(page).waitFor();
    await page.goto(`${base}/mapping-rules`);
    for (const opener of ["Edit IT people", "Delete IT people"]) {
      await button(page, opener).click();
      await notice(dialog(page)).waitFor();
      await button(dialog(page), "Cancel").click();
    }
    await close();
  },

  async access_of_people_with_tokens_is_explained_by_what_is_known(browser) {
    const { page, context, close } = await open(browser);
    await page.goto(`${base}/why`);
    await signIn(page, "root");
    const csrf = (await context.cookies()).find(({ name }) => name === "X-CSRF-TOKEN").value;
    const rule = { name: "Sales", claimName: "department", claimValue: "sales", operator: "EQUALS", type: "ROLE" };
    const made = await context.request.post(`${base}/api/mapping-rules`, {
      headers: { "X-CSRF-TOKEN": csrf },
      data: { ...rule, appliedRoleNames: ["readonly-admin"] },
    });
    assert.equal(made.status(), 201);

    const check = async (username) => {
      await page.getByLabel("Username").fill(username);
      await page.getByLabel("Permission").fill("read");
      await page.getByRole("button", { name: "Check", exact: true }).click();
    };
    await check("ann");
    await page.getByRole("heading", { name: "Cannot be decided without their token" }).waitFor();
    assert.equal(await page.getByRole("heading", { name: "Not allowed" }).count(), 0);
    assert.equal(await page.getByRole("button", { name: /^Apply/ }).count(), 0, "nothing is suggested for what is not known");
    await page.getByText("Stored data").waitFor();
    await look(page, "why-undecided");

    const hers = await open(browser);
    await hers.page.goto(`${base}/`);
    await signIn(hers.page, "ann");
    // What was read from the store may be used for five seconds.
    await page.waitForTimeout(5500);
    await page.getByRole("button", { name: "Check", exact: true }).click();
    await page.getByRole("heading", { name: "Allowed", exact: true }).waitFor();
    await page.getByText(/Current browser session|Last token or sign-in, (now|this minute)/).waitFor();
    assert.match(await page.getByRole("list", { name: "Access path" }).innerText(), /ann[^]*Sales[^]*readonly-admin|Readonly/i);
    await look(page, "why-session");
    await hers.close();

    await page.goto(`${base}/who-can?tab=administrators`);
    await page.getByText("This review is not complete").waitFor();
    await look(page, "who-administers-by-token");
    await close();
  },

  async daily_work_without_own_users(browser) {
    const { page, context, close } = await open(browser);
    await page.goto(`${base}/groups`);
    await signIn(page, "root");
    const { get, post } = asSignedIn(context);
    for (const id of ["staff", "crew-1", "crew-2"]) await post("/v2/groups", { groupId: id, name: `Group ${id}` });
    await post("/v2/tenants", { tenantId: "acme", name: "Acme" });
    const rule = { name: "Staff from IT", claimName: "department", claimValue: "it", operator: "EQUALS", type: "GROUP" };
    await post("/api/mapping-rules", { ...rule, appliedGroupIds: ["staff"] });
    await grantAndUndo(page, get, "groups/staff", "TENANT", "READ");

    await page.goto(`${base}/groups?q=crew`);
    await page.getByRole("checkbox", { name: "Select all entries of this page" }).press("Space");
    await button(page.getByRole("toolbar", { name: "2 entries selected" }), "Delete").click();
    await button(dialog(page), "Delete").click();
    await said(page, "Delete: 2 entries done.");
    assert.deepEqual(await get("/api/groups?search=crew"), []);

    await exportAuditLog(page, get, "staff");
    await visitInGerman(page, "oidc", ["/groups/staff?tab=MAPPING_RULE", "/tenants/acme?tab=MAPPING_RULE", "/account"]);
    await close();
  },
};
