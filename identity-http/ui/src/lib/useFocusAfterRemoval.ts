/** Moves the focus to the next row of a table when the focused row disappears. */

import { type FocusEvent, useEffect, useRef } from "react";

const TARGETS = "a[href], button:not([disabled])";

/** Returns the properties of the element that contains the table. `rows` are the rows that are shown. */
export function useFocusAfterRemoval<E extends HTMLElement>(rows: readonly unknown[] | undefined) {
  const table = useRef<E>(null);
  const last = useRef<{ row: number; target: number }>(undefined);
  useEffect(() => {
    // The browser moves the focus to the body when the focused element is removed.
    if (!last.current || document.activeElement !== document.body) return;
    const all = table.current?.querySelectorAll("tbody tr") ?? [];
    const row = all[Math.min(last.current.row, all.length - 1)];
    const targets = row?.querySelectorAll<HTMLElement>(TARGETS) ?? [];
    const next = targets[Math.min(last.current.target, targets.length - 1)];
    (next ?? document.querySelector<HTMLElement>("#content h1"))?.focus();
  }, [rows]);
  return {
    ref: table,
    onFocus: ({ target }: FocusEvent) => {
      const row = target.closest("tbody tr");
      last.current = row
        ? {
            row: [...(row.parentElement?.children ?? [])].indexOf(row),
            target: [...row.querySelectorAll(TARGETS)].indexOf(target),
          }
        : undefined;
    },
  };
}
