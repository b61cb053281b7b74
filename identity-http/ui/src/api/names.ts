/** Display names of references, which contain only the ID. All references of a page are resolved by one request. */

import { queryOptions, useQueries, useQuery } from "@tanstack/react-query";

import { useSession } from "../app/session";
import { api, ask, type Schemas } from "./client";
import { queries } from "./queries";

type NamedType = Schemas["NamedType"];

const TYPES: readonly string[] = ["USER", "CLIENT", "GROUP", "ROLE", "TENANT", "MAPPING_RULE"] satisfies NamedType[];

interface Waiting {
  type: NamedType;
  id: string;
  resolve: (name: string | null) => void;
  reject: (error: unknown) => void;
}

/** Maximum number of references in a request. */
const MOST = 200;
/** Time during which references are collected, in milliseconds. */
const COLLECTS = 10;

let waiting: Waiting[] = [];

function resolve(type: NamedType, id: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    if (waiting.length === 0) setTimeout(send, COLLECTS);
    waiting.push({ type, id, resolve, reject });
  });
}

function send() {
  const all = waiting;
  waiting = [];
  for (let start = 0; start < all.length; start += MOST) {
    const some = all.slice(start, start + MOST);
    ask(api.POST("/api/names", { body: { references: some.map(({ type, id }) => ({ type, id })) } })).then(
      (found) => {
        const names = new Map(found.map(({ type, id, name }) => [`${type} ${id}`, name]));
        for (const { type, id, resolve } of some) resolve(names.get(`${type} ${id}`) ?? null);
      },
      (error) => {
        for (const { reject } of some) reject(error);
      },
    );
  }
}

const nameOf = (type: string, id: string) =>
  queryOptions({
    queryKey: ["names", type, id],
    queryFn: () => resolve(type as NamedType, id),
    staleTime: 60_000,
  });

/** Returns the name of an entity. `undefined` while it is loaded, if it has none, and if the name is the ID. */
export function useName(type: string, id: string): string | undefined {
  const session = useSession();
  const enabled = session.has("names") && TYPES.includes(type) && id !== "";
  const { data } = useQuery({ ...nameOf(type, id), enabled });
  return data && data !== id ? data : undefined;
}

interface Reference {
  type: string;
  id: string;
}

/** Loads the names of entities. Returns `labelOf`. */
export function useLabels(references: readonly Reference[]) {
  const session = useSession();
  const distinct = new Map(references.map((one) => [`${one.type} ${one.id}`, one]));
  const wanted = session.has("names") ? [...distinct.values()].filter(({ type }) => TYPES.includes(type)) : [];
  useQueries({ queries: wanted.map(({ type, id }) => nameOf(type, id)) });
  return labelOf;
}

/** Returns the name and the ID of an entity whose name a page has loaded, otherwise the ID. */
export function labelOf(type: string, id: string): string {
  const name = queries.getQueryData(nameOf(type, id).queryKey);
  return name && name !== id ? `${name} (${id})` : id;
}
