import { describe, expect, it } from "vitest";

import { asYaml, read, Sources } from "./policyFiles";

const from = (...texts: string[]) => new Sources(texts.map((text, index) => ({ name: `${index + 1}.yaml`, text })));
const faults = (...texts: string[]) =>
  from(...texts).faults.map(({ code, file, line, column }) => [code, file, line, column]);

describe("files of one document", () => {
  const sources = from(
    "# ours\ngroups:\n  - group-id: a\n    name: A\ndefault-roles:\n  admin: {users: [ann]}\n",
    '{"groups": [\n  {"group-id": "b", "name": "B"}],\n "default-roles": {"rpa": {}}}',
    "",
  );

  it("continue each other's lists and objects", () => {
    expect(sources.faults).toEqual([]);
    expect(sources.document).toEqual({
      groups: [
        { "group-id": "a", name: "A" },
        { "group-id": "b", name: "B" },
      ],
      "default-roles": { admin: { users: ["ann"] }, rpa: {} },
    });
  });

  it.each([
    ["/groups/0/name", "1.yaml", 4],
    ["/groups/1/name", "2.yaml", 2],
    ["/groups/1/description", "2.yaml", 2],
    ["/default-roles/rpa/users", "2.yaml", 3],
    ["/groups", "1.yaml", 2],
  ])("have the place of %s", (pointer, file, line) => expect(sources.placeOf(pointer)).toMatchObject({ file, line }));

  it("have no place for a missing section", () => {
    expect(sources.placeOf("/roles/0")).toBeUndefined();
    expect(sources.placeOf("")).toBeUndefined();
  });

  it("may be several documents of a stream", () => {
    expect(from("groups: [{group-id: a}]\n---\ngroups: [{group-id: b}]\n").document.groups).toHaveLength(2);
  });

  it("are only joined if a section has the same form, and each member once", () => {
    expect(faults("groups: []", "groups: {}")).toEqual([["form", "2.yaml", 1, 1]]);
    const roles = "default-roles:\n  admin: {users: [ann]}";
    expect(faults(roles, roles)).toEqual([["defined_twice", "2.yaml", 2, 3]]);
  });
});

describe("passwords", () => {
  it("are references, which are not part of the document", () => {
    const sources = from(
      "users:\n- {username: ann, password: 'env:ANN'}\n- {username: bob}",
      "users:\n- {username: cid, password: 'file:p'}",
    );
    expect(sources.faults).toEqual([]);
    expect(sources.document).toEqual({ users: [{ username: "ann" }, { username: "bob" }, { username: "cid" }] });
    expect([...sources.passwords]).toEqual(["ann", "cid"]);
  });

  it.each(["secret", "'env:'", "7", "null"])("are refused if they are no reference: %s", (password) => {
    const sources = from(`users:\n- username: ann\n  password: ${password}`);
    expect(sources.faults).toMatchObject([{ code: "password", file: "1.yaml", line: 3, pointer: "/users/0/password" }]);
    expect(JSON.stringify([sources.document, sources.faults])).not.toContain("secret");
  });
});

describe("bad input", () => {
  it.each([
    ["a: [", "syntax"],
    ["a: 1\na: 2", "duplicate_key"],
    ['{"a": 1, "a": 2}', "duplicate_key"],
    ["- a", "object"],
    ["text", "object"],
    ["? [a]\n: b", "syntax"],
    ["a: 9007199254740993", "number"],
    ["[".repeat(50_000), "syntax"],
  ])("is refused: %.20s", (text, code) => expect(from(text).faults[0]).toMatchObject({ code, file: "1.yaml" }));

  it("has the place of each fault", () => {
    expect(faults("groups:\n- group-id: a\n  name: A\n  name: B\n")).toEqual([["duplicate_key", "1.yaml", 4, 3]]);
  });

  it("does not expand aliases without bounds", () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) => `a${level + 1}: &a${level + 1} [${Array(9).fill(`*a${level}`)}]`,
    );
    expect(faults(["a0: &a0 [x]", ...levels].join("\n"))[0]?.[0]).toBe("syntax");
  });

  it("keeps members with special names", () => {
    expect(Object.keys(from("__proto__: {a: 1}").document)).toEqual(["__proto__"]);
  });
});

describe("a file", () => {
  it("is UTF-8 text", async () => {
    expect(await read(new File(["\ufeffgroups: []"], "a.yaml"))).toEqual({ name: "a.yaml", text: "groups: []" });
    expect(await read(new File([new Uint8Array([0xff, 0xfe])], "b.yaml"))).toEqual({
      code: "encoding",
      file: "b.yaml",
    });
  });

  it("is at most 16 MiB", async () => {
    const large = new File([new Uint8Array(16 * 1024 * 1024 + 1)], "a.yaml");
    expect(await read(large)).toEqual({ code: "too_large", file: "a.yaml" });
  });
});

it("writes YAML in the order of the document, which reads the same in versions 1.1 and 1.2", () => {
  const document = { roles: [{ "role-id": "yes", name: "12", enabled: false, text: "a: b" }], groups: [], x: "012" };
  const text = asYaml(document);
  expect(text).toBe(
    'roles:\n  - role-id: "yes"\n    name: "12"\n    enabled: false\n    text: "a: b"\ngroups: []\nx: "012"\n',
  );
  expect(from(text).document).toEqual(document);
});
