import { expect, test } from "vitest";

import { pageOf } from "./documentation";

test("links between the pages of the documentation name a page and its anchor", () => {
  expect(pageOf("management-api.md#versions")).toBe("management-api#versions");
  expect(pageOf("operations.md")).toBe("operations");
  expect(pageOf("adr/0001-one-immutable-world.md")).toBeUndefined();
  expect(pageOf("https://example.org/x.md")).toBeUndefined();
});
