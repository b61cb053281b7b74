// What hands do on a page, and what eyes with other needs see.

import assert from "node:assert/strict";

import AxeBuilder from "@axe-core/playwright";

/** The row of a table that has this in it. */
export const row = (page, text) => page.getByRole("row").filter({ hasText: text });
export const dialog = (page) => page.getByRole("dialog");
export const button = (place, name) => place.getByRole("button", { name, exact: true });
export const said = (page, text) => page.getByText(text).first().waitFor();

/** Chooses one in the dialog that assigns, and adds it. */
export async function pick(page, opener, search, choice) {
  await button(page, opener).click();
  await dialog(page).getByRole("searchbox").fill(search);
  await dialog(page).getByText(choice).first().click();
  await button(dialog(page), "Add").click();
  await dialog(page).waitFor({ state: "hidden" });
}

/** Nobody is kept from reading or using the page as it is. */
export async function readable(page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`), []);
}
