// Every page: without a fault, readable for everybody, light enough.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";

import AxeBuilder from "@axe-core/playwright";

import { api, base, open, signIn, until } from "./browser.mjs";

/** Where pictures of all pages go, if somebody wants them. */
const PICTURES = process.env.PICTURES;
/** The most that the first page may load, compressed, in bytes. */
const FIRST_LOAD = 250_000;

const admin = api();

/** Something to look at: people in groups, with roles, in tenants. */
async function furnish() {
  const people = { ann: "Ann Weber", ben: "Ben Okafor", cleo: "Cleo Martin", dan: "Dan Rossi", eva: "Eva Lind" };
  for (const [username, name] of Object.entries(people))
    await admin.post("/v2/users", { username, name, email: `${username}@example.org`, password: "secret" });
  const groups = {};
  for (const name of ["Sales", "Support", "Finance"]) groups[name] = (await admin.post("/api/groups", { name })).body.id;
  for (const name of ["Acme", "Globex"]) await admin.post("/api/tenants", { tenantId: name.toLowerCase(), name });
  for (const userId of ["ann", "ben", "cleo"]) await admin.post(`/api/groups/${groups.Sales}/users`, { userId });
  for (const roleName of ["Optimize", "Console"]) await admin.post(`/api/groups/${groups.Sales}/roles`, { roleName });
  await admin.post("/api/tenants/acme/groups", { groupIds: [groups.Sales] });
  await admin.post("/api/tenants/acme/users", { userIds: ["dan", "eva"] });
  await admin.post("/v2/authorizations", {
    ownerType: "GROUP",
    ownerId: groups.Sales,
    resourceType: "PROCESS_DEFINITION",
    resourceId: "order",
    permissionTypes: ["READ_PROCESS_INSTANCE", "CREATE_PROCESS_INSTANCE"],
  });
  await api("dan", "secret").post("/api/groups", { name: "Mine" });
  return groups;
}

const places = (groups) => ({
  home: "/",
  users: "/users",
  user: "/users/ann",
  "user-authorizations": "/users/ann?tab=authorizations",
  groups: "/groups",
  group: `/groups/${groups.Sales}`,
  roles: "/roles",
  role: "/roles/Optimize",
  tenants: "/tenants",
  tenant: "/tenants/acme",
  authorizations: "/authorizations",
  "why-not": "/why?who=user&id=dan&type=api&action=write",
  "who-can": "/who-can?tab=administrators",
  sessions: "/sessions",
  "audit-log": "/audit-log",
  "not-found": "/nothing-of-this-name",
});

async function settled(page) {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await until("the page to be whole", () =>
    page.evaluate(() => !document.querySelector('[aria-busy="true"], .cds--skeleton, .cds--loading')),
  );
}

/** What somebody could not read or use, and where. */
const unreadable = [];

async function readable(page, where) {
  const found = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  for (const { id, help, nodes } of found.violations)
    unreadable.push(`${where}: ${id}: ${help}: ${nodes.map(({ html }) => html).join(" | ")}`);
}

async function picture(page, name) {
  if (!PICTURES) return;
  await mkdir(PICTURES, { recursive: true });
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    await page.setViewportSize({ width, height });
    await settled(page);
    await page.screenshot({ path: `${PICTURES}/${name}-${width}.png`, animations: "disabled" });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

async function look(page, where) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await until("the theme", () => page.evaluate((theme) => document.documentElement.dataset.theme === theme, colorScheme));
    // Colours change in a moment, not at once.
    await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))));
    await readable(page, `${where}, ${colorScheme}`);
    await page.setViewportSize({ width: 390, height: 844 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    if (wide > 390) unreadable.push(`${where}: ${wide} pixels wide on a telephone`);
    await page.setViewportSize({ width: 1280, height: 900 });
  }
  await page.emulateMedia({ colorScheme: "light" });
}

/** Opens something on a page, looks at it, and leaves it. */
const dialogs = (groups) => [
  ["create-user", "/users", "Create user"],
  ["assign-members", `/groups/${groups.Sales}`, "Assign members"],
  ["delete-group", `/groups/${groups.Sales}`, "Delete"],
  ["create-authorization", "/authorizations", "Create authorization"],
];

export const tasks = {
  async every_page_is_whole_and_readable(browser) {
    const groups = await furnish();
    const { page, close } = await open(browser);
    await page.goto(`${base}/auth/login`);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await readable(page, `sign-in, ${colorScheme}`);
    }
    await page.emulateMedia({ colorScheme: "light" });
    if (PICTURES) await page.screenshot({ path: `${PICTURES}/sign-in-1280.png` });
    await signIn(page);
    for (const [name, path] of Object.entries(places(groups))) {
      await page.goto(`${base}${path}`);
      await settled(page);
      if (name === "why-not") {
        await page.getByRole("button", { name: "Ask" }).click();
        await page.getByRole("heading", { name: "Not allowed" }).waitFor();
      }
      await look(page, name);
      await picture(page, name);
    }
    for (const [name, path, opener] of dialogs(groups)) {
      await page.goto(`${base}${path}`);
      await settled(page);
      await page.getByRole("button", { name: opener, exact: true }).first().click();
      await page.getByRole("dialog").waitFor();
      await settled(page);
      await look(page, name);
      await picture(page, name);
    }
    await page.goto(`${base}/`);
    await settled(page);
    await page.getByRole("button", { name: "Account and settings" }).click();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    await look(page, "account");
    await picture(page, "account");
    assert.deepEqual(unreadable, []);
    await close();
  },

  async the_first_page_is_light_and_later_ones_come_from_the_cache(browser) {
    const { page, context, close } = await open(browser);
    await signIn(page);
    await settled(page);
    const loaded = async (path) => {
      const fresh = await context.newPage();
      const session = await context.newCDPSession(fresh);
      let bytes = 0;
      await session.send("Network.enable");
      session.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
      return {
        async load(cached) {
          await session.send("Network.setCacheDisabled", { cacheDisabled: !cached });
          bytes = 0;
          await fresh.goto(`${base}${path}`);
          await settled(fresh);
          await fresh.waitForLoadState("networkidle");
          return bytes;
        },
      };
    };
    const tab = await loaded("/");
    const first = await tab.load(false);
    assert.ok(first > 50_000 && first < FIRST_LOAD, `the first page loads ${first} bytes`);
    console.log(`first load: ${first} bytes`);
    const again = await (await loaded("/")).load(true);
    assert.ok(again < 20_000, `once loaded, the page loads ${again} bytes again`);
    await close();
  },
};
