/** Loads data for a component. Loads it again when a dependency changes or `reload` is called. */

import { type DependencyList, useCallback, useEffect, useState } from "react";

import { asProblem, type Problem } from "../api/problem";

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
    // The previous data stays on screen while loading.
    setState((before) => ({ ...before, loading: true }));
    load().then(
      (data) => current && setState({ data, problem: undefined, loading: false }),
      (error: unknown) => current && setState((before) => ({ ...before, problem: asProblem(error), loading: false })),
    );
    return () => {
      current = false;
    };
    // `load` is a new function on every render; `on` lists its dependencies.
  }, [...on, round]);
  return { ...state, reload: useCallback(() => setRound((round) => round + 1), []) };
}
