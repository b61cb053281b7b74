// Daily work that exists in several profiles: grants with undo, and exports of the audit log.

import assert from "node:assert/strict";

import { base } from "./browser.mjs";
import { button, dialog, downloaded, said } from "./hands.mjs";

/** Returns `get` and `post` for the APIs, with the session of the browser. */
export function asSignedIn(context) {
  const get = async (path) => (await context.request.get(`${base}${path}`)).json();
  const post = async (path, data) => {
    const csrf = (await context.cookies()).find(({ name }) => name === "X-CSRF-TOKEN").value;
    const response = await context.request.post(`${base}${path}`, { headers: { "X-CSRF-TOKEN": csrf }, data });
    assert.ok(response.ok(), `POST ${path}: ${response.status()}`);
    const text = await response.text();
    return text ? JSON.parse(text) : undefined;
  };
  return { get, post };
}

/** Grants the owner, such as `groups/staff`, a permission on all resources of a type, and undoes it. */
export async function grantAndUndo(page, get, owner, type, permission) {
  const stored = () => get(`/api/${owner}/authorizations`);
  await page.goto(`${base}/${owner}?tab=authorizations`);
  await button(page, "Create authorization").first().click();
  await dialog(page).getByLabel("Resource type").selectOption(type);
  await dialog(page).getByText(permission, { exact: true }).click();
  await button(dialog(page), "Create").click();
  await said(page, "Authorization created.");
  assert.equal((await stored()).length, 1);
  await button(page, "Undo").click();
  await said(page, "Change undone.");
  assert.deepEqual(await stored(), []);
}

/** Exports the entries about an entity, and compares them with those of the API. */
export async function exportAuditLog(page, get, entity) {
  await page.goto(`${base}/audit-log?entityKey=${entity}`);
  await page.getByRole("row").filter({ hasText: "Create" }).first().waitFor();
  const { name, text } = await downloaded(page, "Export JSON Lines");
  assert.match(name, /^audit-log-\d{4}-\d\d-\d\d\.jsonl$/);
  const entries = text.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(entries, await get(`/api/audit-log?entityKey=${entity}`));
  assert.ok(entries.some(({ operation }) => operation === "CREATE"));
}
