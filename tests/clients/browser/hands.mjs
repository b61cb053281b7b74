// Interactions with a page.

/** The table row that contains the text. */
export const row = (page, text) => page.getByRole("row").filter({ hasText: text });
export const dialog = (page) => page.getByRole("dialog");
export const button = (place, name) => place.getByRole("button", { name, exact: true });
export const said = (page, text) => page.getByText(text).first().waitFor();

/** Selects an entry in the assignment dialog and adds it. */
export async function pick(page, opener, search, choice) {
  await button(page, opener).click();
  await dialog(page).getByRole("searchbox").fill(search);
  await dialog(page).getByText(choice).first().click();
  await button(dialog(page), "Add").click();
  await dialog(page).waitFor({ state: "hidden" });
}

/** Returns the change of the open dialog as `curl` or `YAML`. */
export async function written(page, form) {
  await button(dialog(page), `Show as ${form}`).click();
  return dialog(page).getByRole("region", { name: `Show as ${form}` }).innerText();
}

/** Clicks a button that downloads a file, and returns its name and text. */
export async function downloaded(page, name) {
  const [file] = await Promise.all([page.waitForEvent("download"), button(page, name).click()]);
  let text = "";
  for await (const chunk of await file.createReadStream()) text += chunk;
  return { name: file.suggestedFilename(), text };
}
