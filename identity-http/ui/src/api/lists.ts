/** Parameters of lists and searches for the two APIs. */

import type { ListQuery } from "../parts/Listing";
import type { Page } from "./client";

/** Query parameters of a list below `/api`. */
export const inManagement = ({ search, page, size, signal }: ListQuery) => ({
  params: { query: { search: search || undefined, page, resultSize: size } },
  signal,
});

/** Query parameters of the role list, including the default roles of the Orchestration Cluster. */
export const withClusterRoles = (query: ListQuery) => ({
  params: { query: { ...inManagement(query).params.query, clusterRoles: true } },
  signal: query.signal,
});

/** Page and sort order of a search below `/v2`. */
export function inCluster<F extends string>({ page, size, sort }: ListQuery) {
  const order: "ASC" | "DESC" = sort?.descending ? "DESC" : "ASC";
  return {
    page: { from: page * size, limit: size },
    sort: sort ? [{ field: sort.field as F, order }] : undefined,
  };
}

/**
 * Query parameters of a search below `/v2` that its OpenAPI document, which is another product's, does not have: a text
 * that is contained in an ID or name, ignoring case, and others.
 */
export const withText = ({ search }: Pick<ListQuery, "search">, others: Record<string, string | undefined> = {}) => ({
  params: { query: { search: search || undefined, ...others } as never },
});

/** Query for the first 50 matches, for fields and pickers. */
export const first = (search: string, signal?: AbortSignal): ListQuery => ({ search, page: 0, size: 50, signal });

/** Maps the items of a page. */
export const shown = <T, U>(page: Page<T>, show: (item: T) => U): U[] => page.items.map(show);
