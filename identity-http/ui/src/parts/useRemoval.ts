/** Removes an entry from a list without confirmation and offers to undo the removal. */

import type { QueryKey } from "@tanstack/react-query";

import { asProblem } from "../api/problem";
import { changed } from "../api/queries";
import { useToast } from "../app/toasts";
import { t } from "../lib/i18n";
import { describe } from "./ProblemNotice";

export function useRemoval(list: QueryKey) {
  const say = useToast();
  const again = () => changed(list);
  return (name: string, run: () => Promise<unknown>, undo: () => Promise<unknown>) =>
    void run().then(
      () => {
        again();
        say({ title: t("members.removed", { name }), undo: () => undo().then(again) });
      },
      (error: unknown) => say({ kind: "error", title: t("members.not_removed"), detail: describe(asProblem(error)) }),
    );
}
