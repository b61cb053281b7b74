/** Page state in the query string, so that links reproduce it. `part` prefixes the names of the parameters. */

import { useCallback } from "react";
import { useSearchParams } from "wouter";

export function useUrlState(part?: string) {
  const [params, setParams] = useSearchParams();
  const named = (name: string) => (part ? `${part}-${name}` : name);
  const set = useCallback(
    (changes: Record<string, string | number | undefined>) =>
      setParams(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [name, value] of Object.entries(changes)) {
            if (value === undefined || value === "" || value === 0) after.delete(named(name));
            else after.set(named(name), String(value));
          }
          return after;
        },
        { replace: true },
      ),
    [setParams, part],
  );
  return {
    get: (name: string) => params.get(named(name)) ?? "",
    number: (name: string, other: number) => Number(params.get(named(name)) ?? other),
    set,
  };
}
