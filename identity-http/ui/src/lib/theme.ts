/** Light or dark theme. Follows the operating system unless the user selects one. */

import { useSyncExternalStore } from "react";

import { kept } from "./kept";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const chosen = kept<Theme>("identity-theme", THEMES);
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export function applyTheme() {
  const theme = chosen.get() ?? "system";
  const dark = theme === "dark" || (theme === "system" && system.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  for (const listener of listeners) listener();
}

system.addEventListener("change", applyTheme);

export function chooseTheme(theme: Theme) {
  chosen.set(theme);
  applyTheme();
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => chosen.get() ?? "system",
  );
}
