/** The state of a page that is in its address, so that a link leads to it. */

import { useCallback } from "react";
import { useSearchParams } from "wouter";

export function useQuery() {
  const [params, setParams] = useSearchParams();
  const set = useCallback(
    (changes: Record<string, string | number | undefined>) =>
      setParams(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [name, value] of Object.entries(changes)) {
            if (value === undefined || value === "" || value === 0) after.delete(name);
            else after.set(name, String(value));
          }
          return after;
        },
        { replace: true },
      ),
    [setParams],
  );
  return { get: (name: string) => params.get(name) ?? "", number: (name: string, other: number) => Number(params.get(name) ?? other), set };
}
