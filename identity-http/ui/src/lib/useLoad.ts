/** What a page shows, from the server; asked again when what it depends on changes, or when told to. */

import { type DependencyList, useCallback, useEffect, useState } from "react";

import { type Problem, asProblem } from "../api/problem";

export interface Loaded<T> {
  data: T | undefined;
  problem: Problem | undefined;
  loading: boolean;
  reload: () => void;
}

export function useLoad<T>(load: () => Promise<T>, on: DependencyList): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, "reload">>({ data: undefined, problem: undefined, loading: true });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    // What there was stays on the screen meanwhile.
    setState((before) => ({ ...before, loading: true }));
    load().then(
      (data) => current && setState({ data, problem: undefined, loading: false }),
      (error: unknown) => current && setState((before) => ({ ...before, problem: asProblem(error), loading: false })),
    );
    return () => {
      current = false;
    };
    // `load` is a new function each time; what it depends on is named by the caller.
  }, [...on, round]);
  return { ...state, reload: useCallback(() => setRound((round) => round + 1), []) };
}
