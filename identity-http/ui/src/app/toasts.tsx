/** Toasts: temporary notifications of completed changes, with an optional undo. */

import { ActionableNotification, ToastNotification } from "@carbon/react";
import { createContext, type ReactNode, useCallback, useContext, useState } from "react";

import { asProblem } from "../api/problem";
import { t, word } from "../lib/i18n";
import { describe } from "../parts/ProblemNotice";

interface Toast {
  title: string;
  kind?: "success" | "error";
  detail?: string;
  undo?: () => Promise<unknown>;
}

type Say = (toast: Toast) => void;
const Context = createContext<Say>(() => {});
export const useToast = () => useContext(Context);

/** Display times of toasts without and with undo, in milliseconds. */
const STAYS = 6000;
const STAYS_TO_UNDO = 15000;

export function Toasts({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<(Toast & { id: number })[]>([]);
  const drop = (id: number) => setToasts((toasts) => toasts.filter((toast) => toast.id !== id));
  const say = useCallback<Say>((toast) => {
    const id = performance.now();
    // Only the last change can be undone: an earlier one may depend on it.
    const others = (toasts: (Toast & { id: number })[]) => (toast.undo ? toasts.filter(({ undo }) => !undo) : toasts);
    setToasts((toasts) => [...others(toasts).slice(-2), { ...toast, id }]);
    setTimeout(() => drop(id), toast.undo ? STAYS_TO_UNDO : STAYS);
  }, []);
  const undo = (id: number, action: () => Promise<unknown>) => {
    drop(id);
    action().then(
      () => say({ title: t("toast.undone") }),
      (error: unknown) => say({ kind: "error", title: t("toast.not_undone"), detail: describe(asProblem(error)) }),
    );
  };
  return (
    <Context value={say}>
      {children}
      <div className="toasts">
        {toasts.map(({ id, kind = "success", title, detail, undo: action }) =>
          action ? (
            <ActionableNotification
              key={id}
              kind={kind}
              statusIconDescription={word("notice", kind)}
              title={title}
              subtitle={detail}
              actionButtonLabel={t("toast.undo")}
              onActionButtonClick={() => undo(id, action)}
              onClose={() => drop(id)}
              aria-label={t("close")}
              hasFocus={false}
              inline={false}
              lowContrast
              role="status"
            />
          ) : (
            <ToastNotification
              key={id}
              kind={kind}
              statusIconDescription={word("notice", kind)}
              title={title}
              subtitle={detail}
              onClose={() => drop(id)}
              aria-label={t("close")}
              lowContrast
              role="status"
            />
          ),
        )}
      </div>
    </Context>
  );
}
