/** Lists and searches, in the words of the two APIs. */

import type { Page } from "./client";
import type { ListQuery } from "../parts/Listing";

/** The query of a list below `/api`. */
export const inManagement = ({ search, page, size }: ListQuery) => ({
  params: { query: { search: search || undefined, page, resultSize: size } },
});

/** The query of the list of roles, with the default roles of the Orchestration Cluster. */
export const withClusterRoles = (query: ListQuery) => ({
  params: { query: { ...inManagement(query).params.query, clusterRoles: true } },
});

/** The page and order of a search below `/v2`. */
export function inCluster<F extends string>({ page, size, sort }: ListQuery) {
  const order: "ASC" | "DESC" = sort?.descending ? "DESC" : "ASC";
  return {
    page: { from: page * size, limit: size },
    sort: sort ? [{ field: sort.field as F, order }] : undefined,
  };
}

/** A condition of `/v2` that a text has another in it. */
export const containing = (text: string) => ({ $like: `*${text.replace(/[*?\\]/g, "\\$&")}*` });

/** The first few that fit, to choose from. */
export const first = (search: string): ListQuery => ({ search, page: 0, size: 50 });

/** A page of what one of them is told by. */
export const shown = <T, U>(page: Page<T>, show: (item: T) => U): U[] => page.items.map(show);
