/** Three-way merge of the values of a form with a change that was made in the meantime. */

export type Values = Record<string, unknown>;

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
/** The order of lists is not significant. */
const written = (value: unknown) =>
  JSON.stringify(isList(value) ? value.map((item) => JSON.stringify(item)).sort() : value);
const same = (one: unknown, other: unknown) => written(one) === written(other);
const has = (items: readonly unknown[], item: unknown) => items.some((other) => same(item, other));

/** Fields in which `mine` and `theirs` differ. */
export const differing = <V extends Values>(mine: V, theirs: V): (keyof V & string)[] =>
  Object.keys(mine).filter((name) => !same(mine[name], theirs[name]));

/** Applies the additions and removals between `base` and `mine` to the items of `theirs`. */
function mergeItems(base: readonly unknown[], mine: readonly unknown[], theirs: readonly unknown[]) {
  const kept = theirs.filter((item) => has(mine, item) || !has(base, item));
  return [...kept, ...mine.filter((item) => !has(base, item) && !has(theirs, item))];
}

/** Merges field by field: the own value if only it differs from `base`, and the other one otherwise. Lists merge as sets. */
export function merged<V extends Values>(base: V, mine: V, theirs: V): V {
  const field = (name: string) => {
    const [was, own, other] = [base[name], mine[name], theirs[name]];
    if (isList(was) && isList(own) && isList(other)) return mergeItems(was, own, other);
    return same(own, was) ? other : own;
  };
  return Object.fromEntries(Object.keys(mine).map((name) => [name, field(name)])) as V;
}
