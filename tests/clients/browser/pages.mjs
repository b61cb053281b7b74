// Every page: no faults, accessible, and within the size limit.

import assert from "node:assert/strict";

import { api, base, open, signIn } from "./browser.mjs";
import { look, readable, settled } from "./eyes.mjs";

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
  "user-authorizations": "/users/ann?tab=authorizations",
  "user-refusals": "/users/ann?tab=refusals",
  account: "/account",
  "account-password": "/account?tab=password",
  groups: "/groups",
  group: `/groups/${groups.Sales}`,
  roles: "/roles",
  role: "/roles/Optimize",
  tenants: "/tenants",
  tenant: "/tenants/acme",
  authorizations: "/authorizations",
  "resource-types": "/resource-types",
  "resource-type": "/resource-types/invoice",
  "why-not": "/why?who=user&id=dan&type=api&action=write",
  "who-can": "/who-can?tab=administrators",
  policies: "/policies",
  sessions: "/sessions",
  "audit-log": "/audit-log",
  "not-found": "/nothing-of-this-name",
});

/** Opens a dialog on a page, checks it, and closes it. */
const dialogs = (groups) => [
  ["create-user", "/users", "Create user"],
  ["assign-members", `/groups/${groups.Sales}`, "Assign members"],
  ["delete-group", `/groups/${groups.Sales}`, "Delete"],
  ["create-authorization", "/authorizations", "Create authorization"],
  ["create-resource-type", "/resource-types", "Create resource type"],
  ["edit-condition", "/resource-types/invoice", /^Edit: .* on invoice/],
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
    await signIn(page);
    for (const [name, path] of Object.entries(places(groups))) {
      await page.goto(`${base}${path}`);
      await settled(page);
      if (name === "why-not") {
        await page.getByRole("button", { name: "Check", exact: true }).click();
        await page.getByRole("heading", { name: "Not allowed" }).waitFor();
      }
      await look(page, name);
    }
    for (const [name, path, opener] of dialogs(groups)) {
      await page.goto(`${base}${path}`);
      await settled(page);
      await page.getByRole("button", { name: opener, exact: typeof opener === "string" }).first().click();
      await page.getByRole("dialog").waitFor();
      await look(page, name);
    }
    await page.goto(`${base}/`);
    await settled(page);
    await page.getByRole("button", { name: "Account and settings" }).click();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    await look(page, "account");
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
