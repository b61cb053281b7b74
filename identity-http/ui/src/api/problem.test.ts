import { expect, it } from "vitest";

import { asProblem, Problem } from "./problem";

const problem = new Problem(400, {
  detail: "name must not be empty. condition must be valid. groupId must be an id.",
  errors: ["name.empty", "condition.invalid", "groupId.invalid"],
  findings: [
    { pointer: "/name", detail: "must not be empty" },
    { pointer: "/condition/10/property", detail: "must be a path" },
  ],
});

it("finds the message of each field", () => {
  expect(problem.about("name")).toBe("must not be empty.");
  expect(problem.about("condition")).toBe("must be a path.");
  expect(problem.about("description")).toBeUndefined();
});

it("finds the message of each part by its pointer", () => {
  expect(problem.at("/condition/10")).toBe("must be a path.");
  expect(problem.at("/condition/1")).toBeUndefined();
});

it("shows the whole detail for a field without a finding", () => {
  expect(problem.about("groupId")).toBe(problem.message);
});

it("places a reason at a field unless the server named one", () => {
  expect(new Problem(409, { reason: "exists", detail: "It exists." }).placed({ exists: "name" }).about("name")).toBe(
    "It exists.",
  );
  expect(problem.placed({ "": "other" })).toBe(problem);
});

it("takes any error as a problem", () => {
  expect(asProblem(problem)).toBe(problem);
  expect(asProblem(new TypeError("x")).status).toBe(-1);
});
