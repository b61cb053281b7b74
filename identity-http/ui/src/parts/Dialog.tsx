/** Form and confirmation dialogs. Input is kept until it is saved or the dialog is canceled. */

import { InlineNotification, Modal } from "@carbon/react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useId, useMemo, useRef, useState } from "react";

import type { ManagedEntity } from "../api/documents";
import { asProblem, type Problem, problemOf } from "../api/problem";
import { changed } from "../api/queries";
import { only, type Versioned } from "../api/versions";
import { holdTyped } from "../app/session";
import { t, word } from "../lib/i18n";
import { type Conflict, ConflictNotice } from "./Conflict";
import { Managed } from "./Managed";
import { ProblemNotice } from "./ProblemNotice";
import { WrittenChange, type WrittenForm } from "./WrittenChange";

const FIRST_FIELD = ["input:not([hidden])", "select", "textarea"]
  .map((field) => `form ${field}:not([disabled])`)
  .join();

/** First field that shows an error, or the first field of a group that does. */
const INVALID_FIELD = ["[aria-invalid=true]", "[data-invalid] input", "fieldset:has(> .fault) select"].join();

/** Returns the focus to the element that opened the dialog when the dialog closes. */
function useReturnOfFocus() {
  const [opener] = useState(() => document.activeElement);
  useEffect(() => () => void (opener instanceof HTMLElement && opener.isConnected && opener.focus()), [opener]);
}

type Errors = ReturnType<Problem["elsewhere"]>;

/** Errors of fields that the form does not have. */
const Elsewhere = ({ errors }: { errors: Errors }) => (
  <InlineNotification
    kind="error"
    statusIconDescription={word("notice", "error")}
    lowContrast
    hideCloseButton
    role="alert"
    title={t("problem.fields")}
  >
    <ul>
      {errors.map(({ field, message }) => (
        <li key={field}>
          <span className="code">{field}</span>: {message}
        </li>
      ))}
    </ul>
  </InlineNotification>
);

interface FormProps {
  heading: string;
  submit: string;
  danger?: boolean;
  disabled?: boolean;
  size?: "xs" | "sm" | "md" | "lg";
  /** Fields that problems concern (see `Problem.placed`). */
  places?: Record<string, string>;
  /** Resolution of a conflict with another change; present if the form edits an entity with a version. */
  conflict?: Conflict;
  /** Forms in which the change can be shown before it is made. Default: as curl commands. */
  shownAs?: readonly WrittenForm[];
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
  conflict,
  shownAs = ["curl"],
  onSubmit,
  onClose,
  children,
}: FormProps) {
  const mutation = useMutation({ mutationFn: onSubmit, onSuccess: onClose });
  const busy = mutation.isPending;
  const problem = useMemo(() => problemOf(mutation)?.placed(places), [mutation.error]);
  const form = useRef<HTMLFormElement>(null);
  const [elsewhere, setElsewhere] = useState<Errors>([]);
  useEffect(() => {
    setElsewhere(problem?.elsewhere() ?? []);
    const field = problem && form.current?.querySelector<HTMLElement>(INVALID_FIELD);
    field?.focus({ preventScroll: true });
    field?.scrollIntoView({ block: "center" });
  }, [problem]);
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
        ref={form}
        className="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        {problem?.status === 412 && conflict ? (
          <ConflictNotice
            conflict={conflict}
            onMine={send}
            onTheirs={() => {
              changed([]);
              onClose();
            }}
            onMerged={mutation.reset}
          />
        ) : (
          problem && problem.fields.size === 0 && <ProblemNotice problem={problem} />
        )}
        {elsewhere.length > 0 && <Elsewhere errors={elsewhere} />}
        {children(problem)}
        <WrittenChange forms={shownAs} disabled={disabled || busy} run={onSubmit} />
        <input type="submit" hidden />
      </form>
    </Modal>
  );
}

/** Loads the consequences of a change once, when its dialog opens: the change itself alters them. */
export function useConsequences<T>(load: () => Promise<T>) {
  return useQuery({ queryKey: ["consequences", useId()], queryFn: load, staleTime: "static", gcTime: 0 });
}

interface ConfirmProps {
  heading: string;
  submit: string;
  /** Consequences in sentences, loaded when the dialog opens. */
  consequences?: () => Promise<string[]>;
  /** Entity that the change is meant for, loaded with its consequences. */
  entity?: () => Promise<Versioned<object>>;
  /** The entity as policy documents name it. */
  managed?: ManagedEntity;
  children?: ReactNode;
  /** `headers` bind the change to the version of the entity. */
  onConfirm: (headers: Record<string, string>) => Promise<unknown>;
  onClose: () => void;
}

export function ConfirmDialog(props: ConfirmProps) {
  const { heading, submit, consequences, entity, managed, children, onConfirm, onClose } = props;
  const { data, isFetching, refetch } = useConsequences(async () => {
    const [version, texts] = await Promise.all([entity?.() ?? {}, consequences?.() ?? []]);
    return { headers: only(version), texts };
  });
  const confirm = async () => {
    try {
      await onConfirm(data?.headers ?? {});
    } catch (error) {
      // Another change came first: the consequences are shown as they are now, for another confirmation.
      if (asProblem(error).status === 412) void refetch();
      throw error;
    }
  };
  return (
    <FormDialog heading={heading} submit={submit} danger onSubmit={confirm} onClose={onClose} disabled={isFetching}>
      {() => (
        <>
          {managed && <Managed entity={managed} />}
          {children}
          <div aria-live="polite">
            {data && data.texts.length > 0 && (
              <ul className="consequences">
                {data.texts.map((text) => (
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
