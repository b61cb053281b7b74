import { expect, test } from "vitest";

import { differing, merged } from "./merge";

const base = { name: "Sales", description: "", permissions: ["READ", "DELETE"] };

test("changes of different fields are both kept", () => {
  const mine = { ...base, name: "Sales EU" };
  const theirs = { ...base, description: "Europe" };
  expect(merged(base, mine, theirs)).toEqual({ ...base, name: "Sales EU", description: "Europe" });
  expect(differing(mine, theirs)).toEqual(["name", "description"]);
});

test("the order of a list is no difference", () => {
  expect(differing(base, { ...base, permissions: ["DELETE", "READ"] })).toEqual([]);
});

test("of a field that both have changed, the own value is kept", () => {
  expect(merged(base, { ...base, name: "A" }, { ...base, name: "B" }).name).toBe("A");
});

test("lists merge as sets, so that what the other change removed does not come back", () => {
  const mine = { ...base, permissions: ["READ", "DELETE", "UPDATE"] };
  const theirs = { ...base, permissions: ["READ", "CREATE"] };
  expect(merged(base, mine, theirs).permissions).toEqual(["READ", "CREATE", "UPDATE"]);
  expect(merged(base, { ...base, permissions: ["DELETE"] }, base).permissions).toEqual(["DELETE"]);
});
