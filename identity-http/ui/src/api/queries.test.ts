import { QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import { Problem } from "./problem";

let cache: typeof import("./queries");

beforeAll(async () => {
  vi.stubGlobal("document", { baseURI: "http://localhost/" });
  cache = await import("./queries");
});

afterEach(() => cache.queries.clear());

/** Shows data on screen until it is closed; counts how often it is loaded. */
async function shown(queryKey: readonly unknown[]) {
  const load = vi.fn(async () => "data");
  const close = new QueryObserver(cache.queries, { queryKey, queryFn: load }).subscribe(() => {});
  await vi.waitFor(() => expect(cache.queries.getQueryData(queryKey)).toBe("data"));
  return { load, close };
}

describe("after a change", () => {
  it("loads what is shown below the key, and nothing else, again", async () => {
    const group = await shown(["groups", "sales"]);
    const roles = await shown(["groups", "sales", "roles", { page: 0 }]);
    const other = await shown(["groups", "support"]);
    cache.changed(["groups", "sales"]);
    expect([group, roles, other].map(({ load }) => load.mock.calls.length)).toEqual([2, 2, 1]);
  });

  it("drops what is not shown", async () => {
    (await shown(["users", { page: 0 }])).close();
    cache.changed(["groups", "sales"]);
    expect(cache.queries.getQueryData(["users", { page: 0 }])).toBeUndefined();
  });

  it("does not load a deleted entity again", async () => {
    const entity = await shown(["groups", "sales"]);
    const part = await shown(["groups", "sales", "roles", {}]);
    const list = await shown(["groups", { page: 0 }]);
    cache.deleted("groups", "sales");
    expect([entity, part, list].map(({ load }) => load.mock.calls.length)).toEqual([1, 1, 2]);
  });
});

describe("a failed request", () => {
  it.each([
    [0, 2],
    [503, 2],
    [404, 1],
    [401, 1],
  ])("with status %d is sent %d times", async (status, times) => {
    vi.useFakeTimers();
    const load = vi.fn(() => Promise.reject(new Problem(status)));
    const outcome = cache.queries.fetchQuery({ queryKey: [status], queryFn: load }).catch(() => {});
    await vi.runAllTimersAsync();
    await outcome;
    vi.useRealTimers();
    expect(load).toHaveBeenCalledTimes(times);
  });
});
