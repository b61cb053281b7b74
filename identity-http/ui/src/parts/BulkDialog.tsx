/** One change of several selected entries: one simulation, one confirmation, and the outcome of each entry. */

import { ProgressBar } from "@carbon/react";
import type { QueryKey } from "@tanstack/react-query";
import { useState } from "react";

import { type Find, useChoices } from "../api/choices";
import { lossesOfAll } from "../api/decisions";
import { asProblem, Problem, problemOf } from "../api/problem";
import { changed } from "../api/queries";
import { useSession } from "../app/session";
import { useToast } from "../app/toasts";
import { Captured } from "../lib/captured";
import { t } from "../lib/i18n";
import { FormDialog, useConsequences } from "./Dialog";
import { Choice } from "./fields";
import { describe, ProblemNotice } from "./ProblemNotice";
import { ReachNotice, useReach } from "./Reach";

export interface BulkAction<T> {
  /** Text of the button, such as "Delete". */
  label: string;
  danger?: boolean;
  /** Entries to which the action does not apply. */
  unless?: (row: T) => boolean;
  /** The entity to assign, which the dialog asks for. */
  target?: { label: string; find: Find };
  /** The change of an entry, as the simulation takes it. */
  change?: (row: T, target: string) => object;
  /** Further consequences in sentences, such as those that cannot be simulated. */
  consequences?: (rows: T[]) => Promise<string[]>;
  run: (row: T, target: string) => Promise<unknown>;
  /** Data to load again after the change. */
  changes?: QueryKey;
}

/** Deletion of several entries of a kind, the start of the query key. */
export const deletion = <T,>(kind: string, action: Pick<BulkAction<T>, "change" | "consequences" | "run">) => ({
  ...action,
  label: t("delete"),
  danger: true,
  changes: [kind],
  consequences: async (rows: T[]) => [...((await action.consequences?.(rows)) ?? []), t("lose.no_undo")],
});

interface Props<T> {
  action: BulkAction<T>;
  rows: T[];
  nameOf: (row: T) => string;
  /** Called after each attempt with the entries that are left. */
  onDone: (left: T[]) => void;
  onClose: () => void;
}

/** Maximum number of names in the dialog. */
const NAMED = 10;

export function BulkDialog<T>({ action, rows, nameOf, onDone, onClose }: Props<T>) {
  const session = useSession();
  const say = useToast();
  const [target, setTarget] = useState("");
  const [done, setDone] = useState<number>();
  const [failures, setFailures] = useState<{ name: string; text: string }[]>([]);
  const changes = () => rows.flatMap((row) => action.change?.(row, target) ?? []);
  const lost = useConsequences(async () => [
    ...(action.danger && changes().length > 0 ? await lossesOfAll(session, changes()) : []),
    ...((await action.consequences?.(rows)) ?? []),
  ]);
  const refusal = problemOf(lost);
  const gained = useReach(!action.danger && action.change && (!action.target || target) ? changes() : undefined);
  const run = async () => {
    const left: T[] = [];
    const failed: { name: string; text: string }[] = [];
    const captured: Request[] = [];
    for (const [index, row] of rows.entries()) {
      setDone(index);
      try {
        await action.run(row, target);
      } catch (error) {
        if (error instanceof Captured) {
          captured.push(...error.requests);
          continue;
        }
        left.push(row);
        failed.push({ name: nameOf(row), text: describe(asProblem(error)) });
      }
    }
    setDone(undefined);
    if (captured.length > 0) throw new Captured(captured);
    if (action.changes) changed(action.changes);
    setFailures(failed);
    onDone(left);
    if (left.length > 0) {
      const detail = t("bulk.partial", { failed: left.length, count: rows.length });
      throw new Problem(409, { detail, reason: "partial" });
    }
    say({ title: t("bulk.done", { action: action.label, count: rows.length }) });
  };
  return (
    <FormDialog
      heading={t("bulk.heading", { action: action.label, count: rows.length })}
      submit={action.label}
      danger={action.danger}
      disabled={rows.length === 0 || !lost.data || gained.isOpen || (action.target !== undefined && !target)}
      onSubmit={run}
      onClose={onClose}
    >
      {() => (
        <>
          <p>
            {rows.slice(0, NAMED).map(nameOf).join(", ")}
            {rows.length > NAMED && ` ${t("list.more", { count: rows.length - NAMED })}`}
          </p>
          {action.target && <TargetChoice {...action.target} value={target} onValue={setTarget} />}
          {refusal && <ProblemNotice problem={refusal} onRetry={lost.refetch} />}
          <div aria-live="polite">
            {lost.data && lost.data.length > 0 && (
              <ul className="consequences">
                {lost.data.map((text) => (
                  <li key={text}>{text}</li>
                ))}
              </ul>
            )}
          </div>
          <ReachNotice {...gained} />
          {done !== undefined && (
            <ProgressBar label={t("bulk.progress", { done, count: rows.length })} value={done} max={rows.length} />
          )}
          {failures.length > 0 && (
            <ul className="consequences" aria-label={t("bulk.failures")}>
              {failures.map(({ name, text }) => (
                <li key={name}>
                  {name}: {text}
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </FormDialog>
  );
}

interface TargetProps {
  label: string;
  find: Find;
  value: string;
  onValue: (id: string) => void;
}

function TargetChoice({ label, find, value, onValue }: TargetProps) {
  const { data = [] } = useChoices(find, "");
  const choices = [["", ""] as const, ...data.map(({ id, title }) => [id, title] as const)];
  return <Choice name="target" labelText={label} value={value} choices={choices} onValue={onValue} />;
}
