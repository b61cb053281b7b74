/** Form and confirmation dialogs. Input is kept until it is saved or the dialog is canceled. */

import { Modal } from "@carbon/react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useId, useMemo, useState } from "react";

import { type Problem, problemOf } from "../api/problem";
import { holdTyped } from "../app/session";
import { t } from "../lib/i18n";
import { ProblemNotice } from "./ProblemNotice";

const FIRST_FIELD = ["input:not([hidden])", "select", "textarea"]
  .map((field) => `form ${field}:not([disabled])`)
  .join();

/** Returns the focus to the element that opened the dialog when the dialog closes. */
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
  /** Fields that problems concern, by the reason of the problem. */
  places?: Record<string, string>;
  /** On success, the dialog closes. On failure, it stays open and shows the problem. */
  onSubmit: () => Promise<unknown>;
  onClose: () => void;
  /** Renders the fields, with the problem of the last submission. */
  children: (problem: Problem | undefined) => ReactNode;
}

export function FormDialog({
  heading,
  submit,
  danger,
  disabled,
  size = "sm",
  places = {},
  onSubmit,
  onClose,
  children,
}: FormProps) {
  const mutation = useMutation({ mutationFn: onSubmit, onSuccess: onClose });
  const busy = mutation.isPending;
  const problem = useMemo(() => problemOf(mutation)?.placed(places), [mutation.error]);
  useEffect(holdTyped, []);
  useReturnOfFocus();
  const send = () => {
    if (!busy && !disabled) mutation.mutate();
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

/** Loads the consequences of a change when its dialog opens. They are not kept for the next time. */
export function useConsequences<T>(load: () => Promise<T>) {
  return useQuery({ queryKey: ["consequences", useId()], queryFn: load, gcTime: 0 });
}

interface ConfirmProps {
  heading: string;
  submit: string;
  /** Consequences in sentences, loaded when the dialog opens. */
  consequences?: () => Promise<string[]>;
  children?: ReactNode;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}

export function ConfirmDialog({ heading, submit, consequences, children, onConfirm, onClose }: ConfirmProps) {
  const { data, isFetching } = useConsequences(async () => consequences?.() ?? []);
  return (
    <FormDialog heading={heading} submit={submit} danger onSubmit={onConfirm} onClose={onClose} disabled={isFetching}>
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
