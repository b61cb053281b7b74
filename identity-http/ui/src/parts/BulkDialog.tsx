/** One change of several selected entries: one simulation, one confirmation, and the outcome of each entry. */

import { ProgressBar } from "@carbon/react";
import { useState } from "react";

import { type Find, useChoices } from "../api/choices";
import { Captured } from "../api/client";
import { losses } from "../api/decisions";
import { asProblem, Problem } from "../api/problem";
import { useSession } from "../app/session";
import { useToast } from "../app/toasts";
import { t } from "../lib/i18n";
import { FormDialog, useConsequences } from "./Dialog";
import { Choice } from "./fields";
import { describe } from "./ProblemNotice";
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
  run: (row: T, target: string) => Promise<unknown>;
}

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
  const lost = useConsequences(async () => (action.danger && changes().length > 0 ? losses(session, changes()) : []));
  const gained = useReach(!action.danger && action.change && (!action.target || target) ? changes() : undefined);
  const run = async () => {
    const left: T[] = [];
    const failed: { name: string; text: string }[] = [];
    for (const [index, row] of rows.entries()) {
      setDone(index);
      try {
        await action.run(row, target);
      } catch (error) {
        if (error instanceof Captured) throw error;
        left.push(row);
        failed.push({ name: nameOf(row), text: describe(asProblem(error)) });
      }
    }
    setDone(undefined);
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
      disabled={rows.length === 0 || lost.isFetching || gained.isOpen || (action.target !== undefined && !target)}
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
