// Daily work: the start page, the reach of a grant, and its command.

import assert from "node:assert/strict";

import { api, open, signIn, user } from "./browser.mjs";
import { look } from "./eyes.mjs";
import { button, dialog, said } from "./hands.mjs";

const admin = api();

export const tasks = {
  async everything_is_found_from_the_start_page(browser) {
    await user("zephyra");
    await admin.post("/v2/groups", { groupId: "zephyr-crew", name: "Zephyr crew" });
    const { page, close } = await open(browser);
    await signIn(page);
    const health = page.getByRole("region", { name: "Health" });
    await health.getByText("Database").waitFor();
    await page.getByRole("region", { name: "Recent changes" }).getByText("Create Group zephyr-crew").waitFor();
    await page.getByRole("searchbox").fill("ZEPHYR");
    const found = (kind) => page.getByRole("region", { name: kind, exact: true });
    await found("Users").getByRole("link", { name: "zephyra" }).waitFor();
    await found("Groups").getByRole("link", { name: "Zephyr crew" }).waitFor();
    await look(page, "home-search");
    await found("Groups").getByRole("link", { name: "Zephyr crew" }).click();
    await page.getByRole("heading", { name: "Zephyr crew" }).waitFor();

    await api("zephyra", "secret").post("/api/groups", { name: "Mine" });
    await page.goBack();
    await page.getByRole("searchbox").fill("");
    const refusals = page.getByRole("region", { name: "Recent refusals" });
    await refusals.getByRole("link", { name: /zephyra/ }).first().click();
    await page.getByRole("heading", { name: "Not allowed" }).waitFor();
    await close();
  },

  async a_grant_says_whom_it_reaches_and_is_undone(browser) {
    const members = ["reach-1", "reach-2", "reach-3", "reach-4"];
    await admin.post("/v2/groups", { groupId: "reached", name: "Reached" });
    for (const name of members) {
      await user(name);
      await admin.post("/api/groups/reached/users", { userId: name });
    }
    const stored = async () => (await admin.get("/api/groups/reached/authorizations")).body;
    const { page, close } = await open(browser);
    await signIn(page, "demo", "demo", "/groups/reached?tab=authorizations");
    await button(page, "Create authorization").first().click();
    await dialog(page).getByLabel("Resource type").selectOption("TENANT");
    await dialog(page).getByText("READ", { exact: true }).click();
    await dialog(page).getByText(/4 (people|users)/).waitFor();
    await look(page, "reach");
    assert.deepEqual(await stored(), [], "nothing is stored before it is submitted");
    await button(dialog(page), "Show as curl").click();
    const command = await dialog(page).getByRole("region", { name: "Show as curl" }).innerText();
    assert.match(command, /^curl -X POST '.*\/v2\/authorizations'/);
    assert.doesNotMatch(command, /Cookie|CSRF/i);
    assert.deepEqual(await stored(), [], "a command is shown, not run");
    await button(dialog(page), "Create").click();
    await said(page, "Authorization created.");
    assert.equal((await stored()).length, 1);
    await button(page, "Undo").click();
    await said(page, "Change undone.");
    assert.deepEqual(await stored(), []);
    await close();
  },
};
