import { describe, expect, it } from "vitest";

import { effectsOf, grantOf, isWider, type Plan, usersWithoutPassword } from "./plan";

const group = { kind: "GROUP", group: "sales" };
const role = { kind: "ROLE", role: "clerk" };
type Parts = Partial<NonNullable<Plan["effect"]>>;
const effect = (parts: Parts) => ({
  effects: [],
  moreEffects: false,
  deletedAuthorizations: 0,
  recentCallers: { lookedAt: 0, changed: [], moreChanged: false, unknown: 0 },
  administrators: { gained: [], lost: [], more: false },
  ...parts,
});
const plan = (parts: Parts, changes: Plan["changes"] = []): Plan => ({
  plan: "1",
  revision: 1,
  changes,
  moreChanges: 0,
  effect: effect(parts),
});
const on = (id: string, gained: object[], lost: object[]) => ({ party: { type: "USER", id }, gained, lost }) as never;
const caller = (id: string, gained: object[], lost: object[]) =>
  ({ type: "USER", id, gained, lost, more: false }) as never;

describe("effects", () => {
  it("are one for each principal, by stored data and by claims", () => {
    const callers = { lookedAt: 2, changed: [caller("ann", [group, role], []), caller("bob", [], [group])] };
    const found = effectsOf(
      effect({ effects: [on("ann", [group], [])], recentCallers: { ...callers, moreChanged: false, unknown: 0 } }),
    );
    expect(found).toEqual([
      { type: "USER", id: "ann", gained: [group, role], lost: [] },
      { type: "USER", id: "bob", gained: [], lost: [group] },
    ]);
  });

  const none = { lookedAt: 0, changed: [], moreChanged: false, unknown: 0 };
  const lost = [{ type: "USER", id: "ann" }] as never;
  it.each<[string, Parts, boolean]>([
    ["nothing", {}, false],
    ["a loss", { effects: [on("ann", [], [role])] }, false],
    ["a gain", { effects: [on("ann", [role], [])] }, true],
    ["a gain by claims", { recentCallers: { ...none, changed: [caller("ann", [role], [])] } }, true],
    ["unknown effects", { recentCallers: { ...none, unknown: 1 } }, true],
    ["effects that are not listed", { moreEffects: true }, true],
    ["a lost administrator", { administrators: { gained: [], lost, more: false } }, true],
  ])("of a plan have to be confirmed or not: %s", (_, parts, wider) => expect(isWider(plan(parts))).toBe(wider));
});

it("names new users whose password is not sent", () => {
  const change = (operation: string, key: string) => ({
    operation,
    entity: { type: "USER", key },
    changes: [],
    omittedChanges: 0,
  });
  const changes = [change("CREATE", "ann"), change("UPDATE", "bob"), change("CREATE", "cid")];
  expect(usersWithoutPassword(plan({}, changes), new Set(["ann", "bob"]))).toEqual(["ann"]);
});

it("reads an authorization from its fields", () => {
  const field = (field: string, after: string) => ({ field, before: null, after });
  const changes = [field("resourceType", "invoice"), field("permissions", "pay"), field("permissions", "read")];
  expect(grantOf({ changes })).toMatchObject({ resourceType: "invoice", permissions: ["pay", "read"], ownerId: "" });
});
