/** Forms and confirmations in front of a page. What was typed stays until it is saved or given up. */

import { Modal } from "@carbon/react";
import { type ReactNode, useEffect, useState } from "react";

import { type Problem, asProblem } from "../api/problem";
import { holdTyped } from "../app/session";
import { t } from "../lib/i18n";
import { useLoad } from "../lib/useLoad";
import { ProblemNotice } from "./ProblemNotice";

const FIRST_FIELD = ["input:not([hidden])", "select", "textarea"].map((field) => `form ${field}:not([disabled])`).join();

/** Whoever opened the dialog has the focus again when it is gone. */
function useReturnOfFocus() {
  const [opener] = useState(() => document.activeElement);
  useEffect(() => () => void (opener instanceof HTMLElement && opener.isConnected && opener.focus()), [opener]);
}

interface FormProps {
  heading: string;
  submit: string;
  danger?: boolean;
  disabled?: boolean;
  size?: "xs" | "sm" | "md" | "lg";
  /** The fields that refusals are about, by their reasons. */
  places?: Record<string, string>;
  /** Does it; what it throws is shown, and the form stays. */
  onSubmit: () => Promise<unknown>;
  onClose: () => void;
  /** The fields; they show what the last attempt said of them. */
  children: (problem: Problem | undefined) => ReactNode;
}

export function FormDialog({ heading, submit, danger, disabled, size = "sm", places = {}, onSubmit, onClose, children }: FormProps) {
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  useEffect(holdTyped, []);
  useReturnOfFocus();
  const send = () => {
    if (busy || disabled) return;
    setBusy(true);
    onSubmit().then(onClose, (error: unknown) => {
      setProblem(asProblem(error).placed(places));
      setBusy(false);
    });
  };
  return (
    <Modal
      open
      size={size}
      danger={danger}
      modalHeading={heading}
      primaryButtonText={submit}
      secondaryButtonText={t("cancel")}
      closeButtonLabel={t("close")}
      primaryButtonDisabled={disabled || busy}
      selectorPrimaryFocus={FIRST_FIELD}
      preventCloseOnClickOutside
      onRequestClose={onClose}
      onRequestSubmit={send}
    >
      <form
        className="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        {problem && problem.fields.size === 0 && <ProblemNotice problem={problem} />}
        {children(problem)}
        <input type="submit" hidden />
      </form>
    </Modal>
  );
}

interface ConfirmProps {
  heading: string;
  submit: string;
  /** What it means, in sentences; asked when the dialog opens. */
  consequences?: () => Promise<string[]>;
  children?: ReactNode;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}

export function ConfirmDialog({ heading, submit, consequences, children, onConfirm, onClose }: ConfirmProps) {
  const { data, loading } = useLoad(async () => consequences?.() ?? [], []);
  return (
    <FormDialog heading={heading} submit={submit} danger onSubmit={onConfirm} onClose={onClose} disabled={loading}>
      {() => (
        <>
          {children}
          <div aria-live="polite">
            {data && data.length > 0 && (
              <ul className="consequences">
                {data.map((text) => (
                  <li key={text}>{text}</li>
                ))}
              </ul>
            )}
          </div>
        </>
      )}
    </FormDialog>
  );
}
