import { describe, expect, it } from "vitest";

import { addressOf } from "./address";
import { lines } from "./lines";
import { proposedId } from "./proposedId";

describe("proposedId", () => {
  it.each([
    ["Sales", "sales"],
    ["Büro Süd", "buro-sud"],
    ["Straße 7", "strasse-7"],
    ["  -.x.-  ", "x"],
    ["日本", ""],
  ])("makes an id of %j", (name, id) => expect(proposedId(name)).toBe(id));

  it("stays within the limit", () => expect(proposedId("abcdef", 3)).toBe("abc"));
});

describe("addressOf", () => {
  it.each(["sales", "a b", "a/b", "a?b#c", "50%", "%2F"])("round-trips %j through the router", (id) => {
    const [, encoded = ""] = addressOf("/groups", id).split("/groups/");
    expect(encoded).not.toContain("/");
    // The router applies `decodeURI` to the path, and `Pages` applies `decodeURIComponent` to the ID.
    expect(decodeURIComponent(decodeURI(encoded))).toBe(id);
  });
});

describe("lines", () => {
  it("drops blanks and empty lines", () => expect(lines(" a \n\n b\r\n")).toEqual(["a", "b"]));
});
