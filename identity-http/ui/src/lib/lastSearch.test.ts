import { expect, it } from "vitest";

import { lastAddress, remember } from "./lastSearch";

it("returns to a list as it was shown last", () => {
  expect(lastAddress("/users")).toBe("/users");
  remember("/users", "q=ann&page=2");
  expect(lastAddress("/users")).toBe("/users?q=ann&page=2");
  remember("/users", "");
  expect(lastAddress("/users")).toBe("/users");
});
