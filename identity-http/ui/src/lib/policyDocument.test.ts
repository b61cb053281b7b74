import { expect, test } from "vitest";

import { type ChangeRequest, type Holder, policyDocument } from "./policyDocument";

const KNOWN: Record<string, { name: string; description: string }> = {
  "groups sales": { name: "Sales", description: "All of sales" },
  "tenants <default>": { name: "Default", description: "" },
  "roles clerk": { name: "Clerk", description: "" },
};
const describe = async ({ type, id }: Holder) => KNOWN[`${type} ${id}`];
const written = (...requests: [method: string, path: string, body: object][]) =>
  policyDocument(
    requests.map(([method, path, body]): ChangeRequest => ({ method, path, body })),
    describe,
  );

test("a new entity has the words of the configuration", async () => {
  expect(await written(["POST", "/v2/groups", { groupId: "it", name: "IT: support", description: "" }])).toBe(
    `initialization:
  groups:
    - group-id: it
      name: "IT: support"`,
  );
  expect(await written(["POST", "/api/roles", { name: "yes", displayName: "Yes", description: "May all" }])).toBe(
    `initialization:
  roles:
    - role-id: "yes"
      name: "Yes"
      description: May all`,
  );
  expect(await written(["POST", "/v2/tenants", { tenantId: "t", name: "T", description: "" }])).toContain(
    "tenant-id: t\n",
  );
});

test("members are added to an entity that keeps its name and description", async () => {
  const members = "/api/groups/sales/members";
  expect(
    await written(
      ["POST", members, { memberType: "USER", memberId: "ann" }],
      ["POST", members, { memberType: "APPLICATION", memberId: "shop" }],
      ["POST", members, { memberType: "USER", memberId: "ben" }],
    ),
  ).toBe(`initialization:
  groups:
    - group-id: sales
      name: Sales
      description: All of sales
      users:
        - ann
        - ben
      clients:
        - shop`);
  expect(await written(["POST", "/api/tenants/%3Cdefault%3E/members", { memberType: "ROLE", memberId: "clerk" }])).toBe(
    `initialization:
  tenants:
    - tenant-id: "<default>"
      name: Default
      roles:
        - clerk`,
  );
});

test("of a default role, only the members are stated", async () => {
  expect(await written(["POST", "/api/roles/admin/members", { memberType: "GROUP", memberId: "sales" }])).toBe(
    `initialization:
  default-roles:
    admin:
      groups:
        - sales`,
  );
});

test("a renamed entity keeps its description", async () => {
  expect(await written(["PUT", "/api/groups/sales", { name: "Sellers" }])).toBe(
    `initialization:
  groups:
    - group-id: sales
      name: Sellers
      description: All of sales`,
  );
});

test("a permission of a role is written with its audience", async () => {
  const permission = { resourceServerAudience: "invoices-api", definition: "write:*" };
  expect(await written(["POST", "/api/roles/clerk/permissions", permission])).toBe(
    `initialization:
  roles:
    - role-id: clerk
      name: Clerk
      permissions:
        - audience: invoices-api
          permission: "write:*"`,
  );
});

test("an authorization is the same through both APIs", async () => {
  const condition = [{ property: "resource.site", operator: "EQUAL", value: "lyon" }];
  const expected = `initialization:
  authorizations:
    - owner-type: CLIENT
      owner-id: shop
      resource-type: invoice
      resource-id: "*"
      permissions:
        - approve
        - read
      condition: ${JSON.stringify(JSON.stringify(condition))}`;
  const permissions = ["approve", "read"];
  const common = { resourceType: "invoice", condition };
  const cluster = { ...common, ownerType: "CLIENT", ownerId: "shop", resourceId: "*", permissionTypes: permissions };
  const management = { ...common, entityType: "APPLICATION", entityId: "shop", resourceKey: "*", permissions };
  expect(await written(["POST", "/v2/authorizations", cluster])).toBe(expected);
  expect(await written(["PATCH", "/api/authorizations", management])).toBe(expected);
  const property = { ...cluster, condition: undefined, resourceId: "", resourcePropertyName: "owner" };
  const byProperty = await written(["PUT", "/v2/authorizations/7", property]);
  expect(byProperty).toContain("resource-property-name: owner");
  expect(byProperty).not.toContain("resource-id");
});

test("a mapping rule is a member of what it assigns, if the document has its words", async () => {
  const rule = { name: "IT people", claimName: "$.dept", claimValue: "1", operator: "EQUALS", issuer: null };
  expect(
    await written(["POST", "/api/mapping-rules", { ...rule, appliedRoleNames: ["admin"], appliedGroupIds: ["sales"] }]),
  ).toBe(
    `initialization:
  mapping-rules:
    - mapping-rule-id: it-people
      name: IT people
      claim-name: "$.dept"
      claim-value: "1"
  groups:
    - group-id: sales
      name: Sales
      description: All of sales
      mapping-rules:
        - it-people
  default-roles:
    admin:
      mapping-rules:
        - it-people`,
  );
  expect(await written(["PUT", "/api/mapping-rules/r", { ...rule, operator: "CONTAINS" }])).toBeUndefined();
  expect(await written(["PUT", "/api/mapping-rules/r", { ...rule, issuer: "https://id.example" }])).toBeUndefined();
});

test("a resource type is written without empty lists", async () => {
  const parts = { supportedPermissions: ["read"], properties: [] };
  expect(await written(["PUT", "/api/resource-types/invoice", parts])).toBe(
    `initialization:
  resource-types:
    - resource-type: invoice
      permissions:
        - read`,
  );
});

test("the sign of placeholders is escaped", async () => {
  const group = { groupId: "g", name: "$" + "{HOME}", description: "" };
  expect(await written(["POST", "/v2/groups", group])).toContain(String.raw`name: "\\${"$"}{HOME}"`);
});

test("other changes cannot be expressed", async () => {
  expect(await written(["DELETE", "/api/groups/sales", {}])).toBeUndefined();
  expect(await written(["POST", "/v2/users", { username: "ann", password: "secret" }])).toBeUndefined();
});
