// Errors of forms: at their fields, focused, in the reader's language.

import assert from "node:assert/strict";

import { base, open, signIn } from "./browser.mjs";
import { button, dialog } from "./hands.mjs";

/** Asserts that a field has the focus and this error, and is in view. */
async function faulty(field, text) {
  await field.page().waitForFunction((element) => element === document.activeElement, await field.elementHandle());
  const { isInvalid, isInView } = await field.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return { isInvalid: element.getAttribute("aria-invalid") === "true", isInView: top >= 0 && bottom <= innerHeight };
  });
  assert.ok(isInvalid && isInView, "the invalid field is in view");
  await dialog(field.page()).getByText(text).waitFor();
}

export const tasks = {
  async an_error_is_at_its_field_in_the_readers_language(browser) {
    const { page, close, expect } = await open(browser, { locale: "de-DE", viewport: { width: 600, height: 500 } });
    expect(/40[09]/);
    await signInGerman(page, "/tenants");
    await button(page, "Mandanten anlegen").click();
    await dialog(page).getByLabel("Name").fill("Fehler");
    await dialog(page).getByLabel("Mandanten-ID").fill("a b");
    await button(dialog(page), "Anlegen").click();
    await faulty(dialog(page).getByLabel("Mandanten-ID"), "Verwenden Sie nur Buchstaben, Ziffern, „_“, „-“ und „.“.");
    await dialog(page).getByLabel("Mandanten-ID").fill("<default>");
    await button(dialog(page), "Anlegen").click();
    await dialog(page).getByText("Mandant <default> ist bereits vorhanden.").waitFor();
    await close();
  },

  async an_error_of_the_cluster_api_is_at_its_field(browser) {
    const { page, close, expect } = await open(browser, { locale: "de-DE", viewport: { width: 600, height: 500 } });
    expect(/400/);
    await signInGerman(page, "/users");
    await button(page, "Benutzer anlegen").click();
    await dialog(page).getByLabel("Benutzername").fill("wrong-mail");
    await dialog(page).getByLabel("E-Mail").fill("no address");
    await dialog(page).getByLabel("Passwort", { exact: true }).fill("secret");
    await button(dialog(page), "Anlegen").click();
    await faulty(dialog(page).getByLabel("E-Mail"), "Geben Sie eine E-Mail-Adresse wie name@example.com ein.");
    await close();
  },

  async an_error_of_a_field_that_the_form_lacks_is_above_it(browser) {
    const { page, close, expect } = await open(browser);
    expect(/400/);
    await signIn(page, "demo", "demo", "/groups");
    await page.route(`${base}/v2/groups`, (route) =>
      route.request().method() === "POST"
        ? route.fulfill({
            status: 400,
            contentType: "application/problem+json",
            json: {
              reason: "invalid",
              detail: "x",
              findings: [
                { pointer: "/name", detail: "must not be blank", code: "blank" },
                { pointer: "/parent/id", detail: "must not be longer", code: "too_long", params: { max: 7 } },
              ],
            },
          })
        : route.continue(),
    );
    await button(page, "Create group").click();
    await dialog(page).getByLabel("Name").fill("Somewhere else");
    await button(dialog(page), "Create").click();
    await faulty(dialog(page).getByLabel("Name"), "Enter a value.");
    const notice = dialog(page).getByRole("alert").filter({ hasText: "Errors in other fields" });
    assert.match(await notice.innerText(), /parent: Enter at most 7 characters\./);
    await close();
  },
};

async function signInGerman(page, path) {
  await page.goto(`${base}${path}`);
  await page.getByLabel("Benutzername").fill("demo");
  await page.getByLabel("Passwort").fill("demo");
  await page.getByRole("button", { name: "Anmelden" }).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
}
