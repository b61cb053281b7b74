// Every page: no faults, accessible, and within the size limit.

import assert from "node:assert/strict";

import { api, base, open, signIn } from "./browser.mjs";
import { look, lookInGerman, readable, settled } from "./eyes.mjs";
import { LOCALES, words } from "./words.mjs";

/** Maximum size of the resources of the first page, compressed, in bytes. */
const FIRST_LOAD = 250_000;
// Most bytes of its fonts, which browsers cache for a year and show text without.
const FONTS = 80_000;

const admin = api();

/** Creates sample data: users in groups, with roles, in tenants. */
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
  const properties = ["owner", "site"];
  await admin.post("/api/resource-types", { type: "invoice", supportedPermissions: ["approve", "read"], properties });
  await admin.post("/api/authorizations", {
    entityType: "GROUP",
    entityId: groups.Finance,
    resourceType: "invoice",
    resourceKey: "*",
    permission: "approve",
    condition: [
      { property: "resource.site", operator: "EQUAL", other: "subject.site" },
      { property: "resource.owner", operator: "CONTAINS_CALLERS_GROUP" },
    ],
  });
  await api("dan", "secret").post("/api/groups", { name: "Mine" });
  return groups;
}

const places = (groups) => ({
  home: "/",
  users: "/users",
  user: "/users/ann",
  "user-roles": "/users/ann?tab=roles",
  "user-groups": "/users/ann?tab=groups",
  "user-access": "/users/ann?tab=access",
  "user-sessions": "/users/demo?tab=sessions",
  "user-authorizations": "/users/ann?tab=authorizations",
  "user-refusals": "/users/ann?tab=refusals",
  "user-tenants": "/users/ann?tab=tenants",
  account: "/account",
  "account-sessions": "/account?tab=sessions",
  "account-password": "/account?tab=password",
  groups: "/groups",
  group: `/groups/${groups.Sales}`,
  "group-empty": `/groups/${groups.Support}`,
  "group-applications": `/groups/${groups.Support}?tab=APPLICATION`,
  "group-roles": `/groups/${groups.Sales}?tab=roles`,
  "group-tenants": `/groups/${groups.Sales}?tab=tenants`,
  "group-authorizations": `/groups/${groups.Finance}?tab=authorizations`,
  roles: "/roles",
  role: "/roles/Optimize",
  "role-users": "/roles/Optimize?tab=USER",
  "role-groups": "/roles/Optimize?tab=GROUP",
  tenants: "/tenants",
  tenant: "/tenants/acme",
  "tenant-groups": "/tenants/acme?tab=GROUP",
  "tenant-empty": "/tenants/globex",
  authorizations: "/authorizations",
  "resource-types": "/resource-types",
  "resource-type": "/resource-types/invoice",
  "why-not": "/why?who=user&id=dan&type=api&action=write",
  "why-refusal": "/why?tab=denial",
  "who-can": "/who-can?tab=administrators",
  "who-can-by-resource": "/who-can?type=invoice&action=approve",
  policies: "/policies",
  sessions: "/sessions",
  "audit-log": "/audit-log",
  "not-found": "/nothing-of-this-name",
});

/** Dialogs: the page and the message key of the button that opens it. */
const dialogs = (groups) => [
  ["create-user", "/users", "users.create"],
  ["assign-members", `/groups/${groups.Sales}`, "groups.assign_USER"],
  ["delete-group", `/groups/${groups.Sales}`, "delete"],
  ["create-authorization", "/authorizations", "grants.create"],
  ["create-resource-type", "/resource-types", "types.create"],
  ["edit-condition", "/resource-types/invoice", "grants.edit_of"],
];

async function everyPage(browser, language, check, checkSignIn) {
  const groups = await furnish();
  const { page, close } = await open(browser, { locale: LOCALES[language] });
  const button = (key) => page.getByRole("button", { name: words(language, key) }).first();
  await page.goto(`${base}/auth/login`);
  await checkSignIn(page);
  await page.locator("#username").fill("demo");
  await page.locator("#password").fill("demo");
  await page.locator("#password").press("Enter");
  await page.locator("#content h1").waitFor();
  for (const [name, path] of Object.entries(places(groups))) {
    await page.goto(`${base}${path}`);
    await settled(page);
    if (name === "why-not") {
      await button("why.ask").click();
      await page.getByRole("heading", { name: words(language, "why.no") }).waitFor();
    }
    await check(page, name);
  }
  for (const [name, path, opener] of dialogs(groups)) {
    await page.goto(`${base}${path}`);
    await settled(page);
    await button(opener).click();
    await page.getByRole("dialog").waitFor();
    await check(page, name);
  }
  await page.goto(`${base}/`);
  await settled(page);
  await button("account.open").click();
  await button("account.sign_out").waitFor();
  await check(page, "account-menu");
  await close();
}

export const tasks = {
  async every_page_is_whole_and_readable(browser) {
    await everyPage(browser, "en", look, async (page) => {
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await readable(page, `sign-in, ${colorScheme}`);
      }
      await page.emulateMedia({ colorScheme: "light" });
    });
  },

  async every_page_is_in_german(browser) {
    await everyPage(browser, "de", lookInGerman, (page) => lookInGerman(page, "sign-in"));
  },

  async the_first_page_is_light_and_later_ones_come_from_the_cache(browser) {
    const { page, context, close } = await open(browser);
    await signIn(page);
    await settled(page);
    const loaded = async (path) => {
      const fresh = await context.newPage();
      const session = await context.newCDPSession(fresh);
      let bytes = 0;
      let fonts = 0;
      const types = new Map();
      await session.send("Network.enable");
      session.on("Network.responseReceived", ({ requestId, type }) => types.set(requestId, type));
      session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
        if (types.get(requestId) === "Font") fonts += encodedDataLength;
        else bytes += encodedDataLength;
      });
      return {
        async load(cached) {
          await session.send("Network.setCacheDisabled", { cacheDisabled: !cached });
          bytes = 0;
          fonts = 0;
          await fresh.goto(`${base}${path}`);
          await settled(fresh);
          await fresh.waitForLoadState("networkidle");
          return { bytes, fonts };
        },
      };
    };
    const tab = await loaded("/");
    const first = await tab.load(false);
    assert.ok(first.bytes > 50_000 && first.bytes < FIRST_LOAD, `the first page loads ${first.bytes} bytes`);
    assert.ok(first.fonts > 10_000 && first.fonts < FONTS, `and ${first.fonts} bytes of fonts`);
    console.log(`first load: ${first.bytes} bytes, and ${first.fonts} of fonts`);
    const again = await (await loaded("/")).load(true);
    assert.ok(again.bytes + again.fonts < 30_000, `once loaded, the page loads ${again.bytes + again.fonts} bytes again`);
    await close();
  },
};
