import { expect, test } from "vitest";

import { type Yaml, yaml } from "./yaml";

test("lists and objects are nested by indentation", () => {
  const groups: Yaml = [
    { "group-id": "sales", users: ["ann", "ben"] },
    { "group-id": "it", name: "IT support" },
  ];
  expect(yaml({ initialization: { groups } })).toBe(`initialization:
  groups:
    - group-id: sales
      users:
        - ann
        - ben
    - group-id: it
      name: IT support`);
});

test.each(["yes", "No", "y", "null", "TRUE", "~", "1", "1e3", "0x1f", "12:30", "2026-11-29", ".inf", ""])(
  "a text that would be another type is quoted: %s",
  (text) => expect(yaml(text)).toBe(`"${text}"`),
);

test.each([
  "*",
  "&a",
  "!a",
  "a: b",
  "a #b",
  "- a",
  "{a}",
  "[a]",
  "'a'",
  "%a",
  "@a",
  "`a`",
  "| a",
  "a ",
  " a",
  "a:",
  "é",
])("a text with a sign of YAML is quoted: %s", (text) => expect(yaml(text)).toBe(`"${text}"`));

test("line breaks, quotes and characters that are not printed are escaped", () => {
  expect(yaml('a\n"b"\\\t')).toBe(String.raw`"a\n\"b\"\\\t"`);
  expect(yaml("\u0085\u2028\ufeff\u0000\ud800")).toBe(String.raw`"\u0085\u2028\ufeff\u0000\ud800"`);
});

test("a key is quoted like a value", () => {
  expect(yaml({ on: "a", "<default>": "b" })).toBe(`"on": a\n"<default>": b`);
});
