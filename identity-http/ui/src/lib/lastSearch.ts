/** Queries of the lists that were shown last, by path, so that links back to a list keep its search, sort and page. */

const queries = new Map<string, string>();

export function remember(path: string, query: string) {
  queries.set(path, query);
}

/** Returns the address of a list as it was shown last. */
export function lastAddress(path: string): string {
  const query = queries.get(path);
  return query ? `${path}?${query}` : path;
}
