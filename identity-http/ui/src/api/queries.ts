/**
 * Cache of the server's data. A key starts with the kind of the entities, followed by the ID of one and its parts, or by
 * an object with the parameters of a list: `["groups", "sales", "roles", { search: "", page: 0, size: 20 }]`.
 */

import { QueryClient, type QueryKey } from "@tanstack/react-query";

import { isTyping } from "../app/session";
import { asProblem } from "./problem";

/** Whether the same request may succeed soon: the server did not respond, or failed. */
function isTransient(error: unknown) {
  const { status } = asProblem(error);
  return status === 0 || status >= 500;
}

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures === 0 && isTransient(error),
      refetchOnWindowFocus: () => !isTyping(),
      refetchOnReconnect: () => !isTyping(),
      // Without a connection, requests fail with a notice instead of waiting.
      networkMode: "always",
    },
    // Input, which may contain passwords, is not kept.
    mutations: { networkMode: "always", gcTime: 0 },
  },
});

/** Loads the data below a key again after a change. Drops the data of other pages, which the change may concern too. */
export function changed(key: QueryKey) {
  queries.removeQueries({ type: "inactive" });
  // A dialog that is about to close keeps the consequences that it stated before the change.
  void queries.invalidateQueries({ queryKey: key, predicate: ({ queryKey }) => queryKey[0] !== "consequences" });
}

/** As `changed`, after an entity was deleted: the data of its own page, which may still be open, is not loaded again. */
export function deleted(kind: string, id: string) {
  queries.removeQueries({ type: "inactive" });
  void queries.invalidateQueries({ queryKey: [kind], predicate: ({ queryKey }) => queryKey[1] !== id });
}
