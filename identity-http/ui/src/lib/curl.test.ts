import { expect, test } from "vitest";

import { curl } from "./curl";

test("a command quotes its arguments and has no secrets", () => {
  const body = JSON.stringify({ name: "O'Hara", users: [{ password: "hunter2" }], secret: null });
  expect(curl({ method: "PUT", url: "https://id.example/api/x", ifMatch: '"1"', body })).toBe(
    [
      "curl -X PUT 'https://id.example/api/x'",
      '-H "Authorization: Bearer $TOKEN"',
      `-H 'If-Match: "1"'`,
      "-H 'Content-Type: application/json'",
      String.raw`-d '{"name":"O'\''Hara","users":[{"password":"…"}],"secret":null}'`,
    ].join(" \\\n  "),
  );
});

test("a request without a body has no content type", () => {
  expect(curl({ method: "DELETE", url: "https://id.example/api/x", body: "" })).not.toContain("Content-Type");
});
