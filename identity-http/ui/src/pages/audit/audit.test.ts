import { describe, expect, it } from "vitest";

import { sentences } from "./Changes";
import { timesOf } from "./period";
import { entryCounter, fileName } from "./rows";

const now = new Date(2026, 2, 1, 15, 30);
const at = (month: number, day: number) => new Date(2026, month - 1, day).toISOString();
const none = { from: "", to: "" };

describe("timesOf", () => {
  it.each([
    ["today", none, at(3, 1), undefined],
    ["yesterday", none, at(2, 28), at(3, 1)],
    ["week", none, at(2, 23), undefined],
    ["", none, undefined, undefined],
    ["custom", { from: "2026-02-27", to: "2026-02-28" }, at(2, 27), at(3, 1)],
    ["custom", { from: "never", to: "" }, undefined, undefined],
  ])("is whole days for %j %j", (period, dates, from, to) => expect(timesOf(period, dates, now)).toEqual({ from, to }));
});

describe("entryCounter", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  it("counts rows of CSV whose cells have several lines", () => {
    const count = entryCounter("csv");
    expect(count(bytes('key,reason\r\n"1","a\n'))).toBe(0);
    expect(count(bytes('""b"""\r\n"2",""\r\n'))).toBe(2);
  });
  it("counts lines of JSON", () => expect(entryCounter("jsonl")(bytes('{"a":"\\""}\n{}\n{'))).toBe(2));
});

describe("fileName", () => {
  it("has the date", () => expect(fileName("jsonl", now)).toBe("audit-log-2026-03-01.jsonl"));
});

describe("sentences", () => {
  const change = (field: string, before: string | null, after: string | null) => ({ field, before, after });
  it.each([
    [[change("name", "Sales", "Sales EU")], ["Name: “Sales” → “Sales EU”"]],
    [[change("name", null, "{0} 'x'")], ["Name: “{0} 'x'”"]],
    [[change("email", "a@example.com", null)], ["E-mail: “a@example.com” → none"]],
    [[change("password", null, null)], ["Password: changed"]],
    [[change("colour", "red", "blue")], ["colour: “red” → “blue”"]],
    [
      [change("permissions", "DELETE", null), change("permissions", null, "READ"), change("name", "a", "b")],
      ["Permissions: − DELETE, + READ", "Name: “a” → “b”"],
    ],
    [
      [change("condition", null, '[{"property":"resource.site","operator":"EQUAL","value":"lyon"}]')],
      ["Condition: only if the resource’s site is “lyon”"],
    ],
  ])("says what changed: %j", (changes, expected) => expect(sentences(changes)).toEqual(expected));
});
