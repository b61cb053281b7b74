// What hands do on a page.

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
