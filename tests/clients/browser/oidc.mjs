// Users sign in through an identity provider: mapping rules and tokens.

import assert from "node:assert/strict";

import { base, open } from "./browser.mjs";
import { look } from "./eyes.mjs";
import { dialog } from "./hands.mjs";

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
};
