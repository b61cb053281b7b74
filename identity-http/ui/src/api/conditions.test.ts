import { beforeAll, describe, expect, it, vi } from "vitest";

import type { Comparison, Row } from "./conditions";

let conditions: typeof import("./conditions");

beforeAll(async () => {
  // `lib/i18n` reads `navigator.languages`.
  vi.stubGlobal("navigator", { languages: ["en"] });
  conditions = await import("./conditions");
});

const row = (changes: Partial<Row>): Row => ({
  property: { side: "resource", name: "site" },
  test: "EQUAL",
  text: "lyon",
  other: { side: "subject", name: "" },
  ...changes,
});

describe("comparisons and rows of the form", () => {
  const comparisons: Comparison[] = [
    { property: "resource.site", operator: "EQUAL", value: "lyon" },
    { property: "resource.a.b", operator: "NOT_EQUAL", value: 7 },
    { property: "action.urgent", operator: "EQUAL", value: true },
    { property: "resource.site", operator: "IN", values: ["lyon", "7", 7, " x "] },
    { property: "resource.owner", operator: "EQUAL", other: "subject.username" },
    { property: "resource.members", operator: "CONTAINS_CALLER" },
  ];
  it.each(comparisons)("keeps $operator $property", (comparison) =>
    expect(conditions.comparisonOf(conditions.rowOf(comparison))).toEqual(comparison),
  );
});

describe("isComplete", () => {
  it.each([
    [row({}), true],
    [row({ text: "  " }), false],
    [row({ property: { side: "resource", name: " " } }), false],
    [row({ test: "EQUAL_OTHER", text: "" }), false],
    [row({ test: "CONTAINS_CALLER", text: "" }), true],
  ])("case %#", (row, expected) => expect(conditions.isComplete(row)).toBe(expected));
});

describe("values", () => {
  it("points out numbers and booleans", () =>
    expect(conditions.notTexts(row({ test: "IN", text: 'lyon\n7\ntrue\n"7"' }))).toEqual(["7", "true"]));

  it.each([
    ["a number that a browser rounds", row({ text: "9007199254740993" })],
    ["too many", row({ test: "IN", text: "a\n".repeat(101) })],
    ["a long text", row({ text: "x".repeat(1025) })],
  ])("rejects %s", (_, row) => expect(conditions.wrongValues(row)).toBeTypeOf("string"));

  it("accepts what the server accepts", () =>
    expect(conditions.wrongValues(row({ test: "IN", text: "a\n".repeat(100) }))).toBeUndefined());
});
