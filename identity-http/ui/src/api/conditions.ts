/** Conditions of authorizations: comparisons that must all hold (docs/decisions-api.md#resource-types). */

import { list, t } from "../lib/i18n";
import { lines } from "../lib/lines";
import type { Schemas } from "./client";

export type Comparison = Schemas["Comparison"];
type Scalar = string | number | boolean;

export const SIDES = ["resource", "subject", "action"] as const;
/** Entity that a property belongs to. */
export type Side = (typeof SIDES)[number];

/** Comparisons offered by the form, each with its API operator and kind of operand. */
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

/** Limits of the server: comparisons per condition, values per comparison, characters per text. */
export const MOST_COMPARISONS = 16;
const MOST_VALUES = 100;
const LONGEST_TEXT = 1024;

export interface Property {
  side: Side;
  name: string;
}

/** Comparison as edited in the form. */
export interface Row {
  property: Property;
  test: Test;
  /** Value to compare with; multiple values are on one line each. */
  text: string;
  other: Property;
}

/** Parses a value: a JSON number, boolean or quoted string has its JSON type; any other text is a string. */
function read(text: string): Scalar {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  } catch {
    // Not JSON: the text itself.
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
  const test = TEST_NAMES.find(
    (name) => TESTS[name].operator === operator && (TESTS[name].with === "other") === withOther,
  );
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

/** Returns the values that are compared as numbers or booleans, for a hint in case texts were meant. */
export const notTexts = ({ test, text }: Row): string[] => {
  const operand = TESTS[test].with;
  const texts = operand === "value" ? [text.trim()] : operand === "values" ? lines(text) : [];
  return texts.filter((text) => typeof read(text) !== "string");
};

/** Whether all fields that the comparison requires are filled in. */
export function isComplete({ property, test, text, other }: Row): boolean {
  const operand = TESTS[test].with;
  const compared = operand === undefined || (operand === "other" ? other.name : text).trim() !== "";
  return property.name.trim() !== "" && compared;
}

/** Returns the error message for the values, or `undefined` if they are valid. */
export function wrongValues({ test, text }: Row): string | undefined {
  const operand = TESTS[test].with;
  if (operand !== "value" && operand !== "values") return undefined;
  const values = (operand === "values" ? lines(text) : [text.trim()]).map(read);
  // The server compares integers exactly; browsers round those beyond the safe range.
  const isExact = (value: Scalar) =>
    typeof value !== "number" || !Number.isInteger(value) || Number.isSafeInteger(value);
  if (values.length > MOST_VALUES) return t("condition.too_many_values", { most: MOST_VALUES });
  if (values.some((value) => typeof value === "string" && value.length > LONGEST_TEXT))
    return t("condition.too_long", { most: LONGEST_TEXT });
  return values.every(isExact) ? undefined : t("condition.too_large");
}

const propertyWords = ({ side, name }: Property) => t(`condition.${side}`, { name });

const valueWords = (value: unknown) =>
  typeof value === "string" ? t("condition.text", { text: value }) : String(value);

/** Describes a comparison as a clause. */
export function inWords(comparison: Comparison): string {
  const { property, test, other } = rowOf(comparison);
  const values = comparison.values ?? [comparison.value];
  const what = TESTS[test].with === "other" ? propertyWords(other) : list(values.map(valueWords), "disjunction");
  return t(`test.said.${test}`, { property: propertyWords(property), what });
}

/** Describes a condition as an "only if" clause. */
export const allInWords = (condition: readonly Comparison[]) =>
  t("condition.only_if", { what: list(condition.map(inWords)) });
