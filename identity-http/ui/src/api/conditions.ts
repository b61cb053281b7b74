/** Conditions of authorizations: comparisons of properties, all of which must hold (docs/decisions-api.md#resource-types). */

import { list, t } from "../lib/i18n";
import { lines } from "../lib/lines";
import type { Schemas } from "./client";

export type Comparison = Schemas["Comparison"];
type Scalar = string | number | boolean;

export const SIDES = ["resource", "subject", "action"] as const;
/** Whose property it is. */
export type Side = (typeof SIDES)[number];

/** How a property is compared, and with what. */
export const TESTS = {
  EQUAL: { operator: "EQUAL", with: "value" },
  EQUAL_OTHER: { operator: "EQUAL", with: "other" },
  NOT_EQUAL: { operator: "NOT_EQUAL", with: "value" },
  NOT_EQUAL_OTHER: { operator: "NOT_EQUAL", with: "other" },
  IN: { operator: "IN", with: "values" },
  IN_OTHER: { operator: "IN", with: "other" },
  CONTAINS_CALLER: { operator: "CONTAINS_CALLER", with: undefined },
  CONTAINS_CALLERS_GROUP: { operator: "CONTAINS_CALLERS_GROUP", with: undefined },
} as const;
export type Test = keyof typeof TESTS;
export const TEST_NAMES = Object.keys(TESTS) as Test[];

/** The most comparisons that a condition can have, and the most values of one. */
export const MOST_COMPARISONS = 16;
const MOST_VALUES = 100;
const LONGEST_TEXT = 1024;

export interface Property {
  side: Side;
  name: string;
}

/** A comparison as it is written into a form. */
export interface Row {
  property: Property;
  test: Test;
  /** The value; of several, one on each line. */
  text: string;
  other: Property;
}

/** Numbers and booleans are written as they are, and so is a text unless it looks like one of them, or like one in quotes. */
function read(text: string): Scalar {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  } catch {
    // A text as it stands.
  }
  return text;
}

function written(value: Scalar): string {
  const isPlain = typeof value === "string" && read(value) === value && /^\S(.*\S)?$/.test(value);
  return isPlain ? value : JSON.stringify(value);
}

const readProperty = (path: string): Property => {
  const dot = path.indexOf(".");
  return { side: path.slice(0, dot) as Side, name: path.slice(dot + 1) };
};

const pathOf = ({ side, name }: Property) => `${side}.${name.trim()}`;

export function rowOf({ property, operator, value, values, other }: Comparison): Row {
  const withOther = typeof other === "string";
  const test = TEST_NAMES.find((name) => TESTS[name].operator === operator && (TESTS[name].with === "other") === withOther);
  const texts = values ?? (value === undefined || value === null ? [] : [value]);
  return {
    property: readProperty(property),
    test: test ?? "EQUAL",
    text: texts.map((value) => written(value as Scalar)).join("\n"),
    other: withOther ? readProperty(other) : { side: "subject", name: "" },
  };
}

export function comparisonOf({ property, test, text, other }: Row): Comparison {
  const { operator, with: operand } = TESTS[test];
  const compared = { property: pathOf(property), operator };
  switch (operand) {
    case "value":
      return { ...compared, value: read(text.trim()) };
    case "values":
      return { ...compared, values: lines(text).map(read) };
    case "other":
      return { ...compared, other: pathOf(other) };
    case undefined:
      return compared;
  }
}

/** What is compared as a number, or as true or false, though somebody may have meant a text. */
export const notTexts = ({ test, text }: Row): string[] => {
  const operand = TESTS[test].with;
  const texts = operand === "value" ? [text.trim()] : operand === "values" ? lines(text) : [];
  return texts.filter((text) => typeof read(text) !== "string");
};

/** Whether everything is there that the comparison needs. */
export function isComplete({ property, test, text, other }: Row): boolean {
  const operand = TESTS[test].with;
  const compared = operand === undefined || (operand === "other" ? other.name : text).trim() !== "";
  return property.name.trim() !== "" && compared;
}

/** What is wrong with the values, in words. */
export function wrongValues({ test, text }: Row): string | undefined {
  const operand = TESTS[test].with;
  if (operand !== "value" && operand !== "values") return undefined;
  const values = (operand === "values" ? lines(text) : [text.trim()]).map(read);
  // Browsers would round what this server compares exactly.
  const isExact = (value: Scalar) => typeof value !== "number" || !Number.isInteger(value) || Number.isSafeInteger(value);
  if (values.length > MOST_VALUES) return t("condition.too_many_values", { most: MOST_VALUES });
  if (values.some((value) => typeof value === "string" && value.length > LONGEST_TEXT))
    return t("condition.too_long", { most: LONGEST_TEXT });
  return values.every(isExact) ? undefined : t("condition.too_large");
}

const propertyWords = ({ side, name }: Property) => t(`condition.${side}`, { name });

const valueWords = (value: unknown) => (typeof value === "string" ? t("condition.text", { text: value }) : String(value));

/** One comparison, as a clause. */
export function inWords(comparison: Comparison): string {
  const { property, test, other } = rowOf(comparison);
  const values = comparison.values ?? [comparison.value];
  const what = TESTS[test].with === "other" ? propertyWords(other) : list(values.map(valueWords), "disjunction");
  return t(`test.said.${test}`, { property: propertyWords(property), what });
}

/** All that must hold. */
export const allInWords = (condition: readonly Comparison[]) => t("condition.only_if", { what: list(condition.map(inWords)) });
