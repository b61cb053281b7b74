import { beforeAll, describe, expect, it, vi } from "vitest";

import documentation from "../../../../docs/management-api.md?raw";
import openapi from "../../../../docs/openapi.json?raw";
import refusals from "../../../../identity-core/src/apply/refusal.rs?raw";
import en from "../messages/en.json";

let Problem: typeof import("./problem").Problem;
let asProblem: typeof import("./problem").asProblem;
let problem: import("./problem").Problem;

beforeAll(async () => {
  // `lib/i18n` reads `navigator.languages`.
  vi.stubGlobal("navigator", { languages: ["en"] });
  ({ Problem, asProblem } = await import("./problem"));
  problem = new Problem(400, PROBLEM);
});

const PROBLEM = {
  detail: "name must not be empty. condition must be valid. groupId must be an id.",
  errors: ["name.empty", "condition.invalid", "groupId.invalid"],
  findings: [
    { pointer: "/name", detail: "must not be empty" },
    { pointer: "/condition/10/property", detail: "must be a path" },
  ],
};

it("finds the message of each field", () => {
  expect(problem.about("name")).toBe("must not be empty.");
  expect(problem.about("condition")).toBe("must be a path.");
  expect(problem.about("description")).toBeUndefined();
});

it("finds the message of each part by its pointer", () => {
  expect(problem.at("/condition/10")).toBe("must be a path.");
  expect(problem.at("/condition/1")).toBeUndefined();
});

it("shows the reason at a field without a finding", () => {
  const hidden = new Problem(400, { reason: "hidden_characters", detail: "x", errors: ["name.invalid"] });
  expect(hidden.about("name")).toBe("Remove invisible characters.");
});

it("writes sentences from codes and parameters, without them in the server's words", () => {
  const finding = { pointer: "/name", detail: "must not be `x`", code: "too_long", params: { max: 256 } };
  expect(new Problem(400, { findings: [finding] }).about("name")).toBe("Enter at most 256 characters.");
  for (const unknown of [{ code: "newer" }, { code: "too_long", params: {} }])
    expect(new Problem(400, { findings: [{ ...finding, ...unknown }] }).about("name")).toBe("must not be x.");
  const taken = { reason: "exists", params: { kind: "ROLE", key: "`a`" }, detail: "x" };
  expect(new Problem(409, taken).sentence).toBe("Role a exists already.");
});

it("lists the fields that nothing has asked for", () => {
  const document = {
    findings: [
      { pointer: "/a/0", detail: "must be b" },
      { pointer: "/c", detail: "must be d" },
    ],
  };
  const some = new Problem(400, document);
  some.about("c");
  expect(some.elsewhere()).toEqual([{ field: "a", message: "must be b." }]);
});

it("places members of the request at the fields of the form", () => {
  const findings = [{ pointer: "/ownerId", detail: "must not be blank" }];
  expect(new Problem(400, { findings }).placed({ "/ownerId": "entityId" }).about("entityId")).toBe(
    "must not be blank.",
  );
});

it("places a reason at a field unless the server named one", () => {
  expect(new Problem(409, { reason: "newer", detail: "It exists." }).placed({ newer: "name" }).about("name")).toBe(
    "It exists.",
  );
  expect(problem.placed({ "": "other" }).about("other")).toBeUndefined();
});

it("takes any error as a problem", () => {
  expect(asProblem(problem)).toBe(problem);
  expect(asProblem(new TypeError("x")).status).toBe(-1);
});

const found = (text: string, pattern: RegExp) => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? "")),
];

describe("the server's codes have sentences", () => {
  it("for each rule", () => {
    const { code } = JSON.parse(openapi).components.schemas.Finding.properties;
    const codes: string[] = code.enum;
    expect(codes).toContain("too_long");
    // `other` stands for rules that the server has only in words.
    expect(codes.filter((code) => code !== "other" && !(`rule.${code}` in en))).toEqual([]);
  });

  it("for each refusal of a change", () => {
    const reasons = found(refusals, /Self::[^=]* => "([a-z_]+)",/g);
    expect(reasons).toContain("lock_out");
    expect(reasons.filter((reason) => !(`reason.${reason}` in en))).toEqual([]);
  });

  it("for each documented reason", () => {
    // Mistakes that this UI does not make.
    const FOREIGN = new Set(
      "query commands malformed_json body_unreadable role_name member min_revision max_age entity no_such_method line_too_long media_type too_long".split(
        " ",
      ),
    );
    const rows = documentation.matchAll(/^\| [45]\d\d \| ([^|]+) \|/gm);
    const reasons = [...rows]
      .filter(([row]) => !row.startsWith("| 401"))
      .flatMap(([, cell]) => found(cell ?? "", /`([a-z_]+)`/g));
    expect(reasons).toContain("read_only");
    expect(reasons.filter((reason) => !FOREIGN.has(reason) && !(`reason.${reason}` in en))).toEqual([]);
  });
});
