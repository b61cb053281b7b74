// Two administrators change the same entity at the same time, each in an own browser.

import assert from "node:assert/strict";

import { administrator, api, open, signIn, user } from "./browser.mjs";
import { look } from "./eyes.mjs";
import { button, dialog, row } from "./hands.mjs";

const admin = api();

/** Opens a page in two browsers, as `demo` and as another administrator. */
async function both(browser, other, path) {
  await administrator(other);
  const mine = await open(browser);
  const theirs = await open(browser);
  await signIn(mine.page, "demo", "demo", path);
  await signIn(theirs.page, other, "secret", path);
  mine.expect(/412/);
  return { mine, theirs };
}

const notice = (page) => dialog(page).getByRole("region", { name: "Changed in the meantime" });

async function save(page) {
  await button(dialog(page), "Save").click();
  await dialog(page).waitFor({ state: "hidden" });
}

export const tasks = {
  async an_older_form_does_not_give_back_what_was_revoked(browser) {
    await user("gabi");
    const grant = { ownerType: "USER", ownerId: "gabi", resourceType: "TENANT", resourceId: "*" };
    const made = await admin.post("/v2/authorizations", { ...grant, permissionTypes: ["READ", "DELETE"] });
    const stored = async () =>
      (await admin.get(`/v2/authorizations/${made.body.authorizationKey}`)).body.permissionTypes.toSorted();
    const path = "/users/gabi?tab=authorizations";
    const { mine, theirs } = await both(browser, "otto", path);
    const edit = async (page) => {
      await button(row(page, "TENANT").first(), /Edit/).click();
      await dialog(page).getByLabel("READ", { exact: true }).waitFor();
    };
    const toggle = (page, permission) => dialog(page).getByText(permission, { exact: true }).click();

    await edit(mine.page);
    await edit(theirs.page);
    await toggle(theirs.page, "DELETE");
    await save(theirs.page);
    assert.deepEqual(await stored(), ["READ"]);

    await toggle(mine.page, "UPDATE");
    await button(dialog(mine.page), "Save").click();
    await notice(mine.page).getByText("Last change by otto").waitFor();
    const difference = notice(mine.page).getByRole("row").filter({ hasText: "Permissions" });
    assert.match(await difference.innerText(), /DELETE and READ\tDELETE, READ and UPDATE\tREAD/);
    await look(mine.page, "conflict");
    assert.deepEqual(await stored(), ["READ"], "nothing is saved before the conflict is resolved");

    await button(notice(mine.page), "Merge").click();
    await notice(mine.page).waitFor({ state: "hidden" });
    const checked = dialog(mine.page).getByRole("checkbox", { checked: true });
    assert.equal(await checked.count(), 2, "READ and UPDATE");
    await save(mine.page);
    assert.deepEqual(await stored(), ["READ", "UPDATE"]);
    await mine.close();
    await theirs.close();
  },

  async a_name_that_two_have_changed_is_kept_or_taken(browser) {
    const { id } = (await admin.post("/api/groups", { name: "Couriers" })).body;
    const name = async () => (await admin.get(`/api/groups/${id}`)).body.name;
    const { mine, theirs } = await both(browser, "olga", `/groups/${id}`);
    const rename = async (page, name) => {
      await button(page, "Edit").click();
      await dialog(page).getByLabel("Name", { exact: true }).fill(name);
    };

    await rename(mine.page, "Riders");
    await rename(theirs.page, "Drivers");
    await save(theirs.page);
    await button(dialog(mine.page), "Save").click();
    await notice(mine.page).getByText("Drivers").waitFor();
    await button(notice(mine.page), "Keep mine").click();
    await dialog(mine.page).waitFor({ state: "hidden" });
    assert.equal(await name(), "Riders");

    await rename(mine.page, "Walkers");
    await theirs.page.reload();
    await rename(theirs.page, "Pilots");
    await save(theirs.page);
    await button(dialog(mine.page), "Save").click();
    await button(notice(mine.page), "Take theirs").click();
    await dialog(mine.page).waitFor({ state: "hidden" });
    await mine.page.getByRole("heading", { name: "Pilots" }).waitFor();
    assert.equal(await name(), "Pilots");

    // A deletion that was confirmed for another state of the group asks again.
    await button(mine.page, "Delete").click();
    await dialog(mine.page).getByText("This action cannot be undone.").waitFor();
    await rename(theirs.page, "Sailors");
    await save(theirs.page);
    await button(dialog(mine.page), "Delete").click();
    await dialog(mine.page).getByText("was changed in the meantime").waitFor();
    assert.equal(await name(), "Sailors");
    await button(dialog(mine.page), "Delete").click();
    await dialog(mine.page).waitFor({ state: "hidden" });
    assert.equal((await admin.get(`/api/groups/${id}`)).status, 404);
    await mine.close();
    await theirs.close();
  },
};
