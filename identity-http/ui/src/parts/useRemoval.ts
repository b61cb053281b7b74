/** Removes an entry without confirmation and offers to undo the removal. */

import { asProblem } from "../api/problem";
import { useToast } from "../app/toasts";
import { t } from "../lib/i18n";
import { describe } from "./ProblemNotice";

export function useRemoval(again: () => void) {
  const say = useToast();
  return (name: string, run: () => Promise<unknown>, undo: () => Promise<unknown>) =>
    void run().then(
      () => {
        again();
        say({ title: t("members.removed", { name }), undo: () => undo().then(again) });
      },
      (error: unknown) => say({ kind: "error", title: t("members.not_removed"), detail: describe(asProblem(error)) }),
    );
}
