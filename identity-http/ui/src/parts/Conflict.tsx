/** Resolution of a conflict: another user has changed the entity since its form was opened. */

import {
  Button,
  InlineNotification,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
} from "@carbon/react";
import { useQuery } from "@tanstack/react-query";
import { useId, useRef } from "react";

import { problemOf } from "../api/problem";
import { type Audited, lastChange, only, type Versioned } from "../api/versions";
import { useSession } from "../app/session";
import { ago, list, t, word } from "../lib/i18n";
import { differing, merged, type Values } from "../lib/merge";
import { ProblemNotice } from "./ProblemNotice";

interface Field<V> {
  name: keyof V & string;
  label: string;
  /** Value in words; lists are joined by default. */
  text?: (value: never) => string;
}

interface Edited<T, V extends Values> {
  /** The entity, as the form was opened with it; absent in a form that creates one. */
  entity: Versioned<T> | undefined;
  fieldsOf: (entity: T) => V;
  fields: readonly Field<V>[];
  audited: (entity: T) => Audited;
  /** Loads the entity as it is now. */
  reload: () => Promise<Versioned<T>>;
  /** Values of the form now, and their replacement. */
  values: V;
  adopt: (values: V) => void;
}

/** What a form dialog needs to resolve a conflict. */
export interface Conflict {
  fields: readonly Field<Values>[];
  audited: Audited;
  base: Values;
  mine: Values;
  reload: () => Promise<{ values: Values; settle: (values: Values) => void }>;
}

/** Binds a form to the version of the entity that it was opened with. */
export function useEdited<T, V extends Values>(edited: Edited<T, V>) {
  const base = useRef(edited.entity);
  const { fieldsOf, audited, reload, values, adopt } = edited;
  const conflict = base.current && {
    fields: edited.fields as readonly Field<Values>[],
    audited: audited(base.current),
    base: fieldsOf(base.current) as Values,
    mine: values as Values,
    reload: async () => {
      const entity = await reload();
      const settle = (values: Values) => {
        base.current = entity;
        adopt(values as V);
      };
      return { values: fieldsOf(entity) as Values, settle };
    },
  };
  return { headers: () => only(base.current ?? {}), conflict: conflict as Conflict | undefined };
}

interface Props {
  conflict: Conflict;
  /** Submits the form again, with the version of now. */
  onMine: () => void;
  /** Closes the form. */
  onTheirs: () => void;
  /** Continues with merged values in the form. */
  onMerged: () => void;
}

export function ConflictNotice({ conflict, onMine, onTheirs, onMerged }: Props) {
  const session = useSession();
  const loaded = useQuery({
    queryKey: ["conflict", useId()],
    queryFn: async () => {
      const [now, last] = await Promise.all([conflict.reload(), lastChange(session, conflict.audited)]);
      return { ...now, last };
    },
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const problem = problemOf(loaded);
  if (problem) return <ProblemNotice problem={problem} onRetry={loaded.refetch} />;
  if (!loaded.data) return null;
  const { values: theirs, settle, last } = loaded.data;
  const { base, mine, fields } = conflict;
  const different = differing(mine, theirs);
  const rows = fields.filter(({ name }) => different.includes(name));
  const who = last?.actorId ?? undefined;
  return (
    <section className="conflict" aria-label={t("conflict.title")}>
      <InlineNotification
        kind="warning"
        statusIconDescription={word("notice", "warning")}
        lowContrast
        hideCloseButton
        role="alert"
        title={t("conflict.title")}
        subtitle={last ? t("conflict.by", { who: who ?? t("conflict.server"), when: ago(last.timestamp) }) : undefined}
      />
      {rows.length === 0 ? (
        <p>{t("conflict.elsewhere")}</p>
      ) : (
        <Table size="sm" aria-label={t("conflict.difference")}>
          <TableHead>
            <TableRow>
              {[t("conflict.field"), t("conflict.before"), t("conflict.mine"), t("conflict.theirs")].map((header) => (
                <TableHeader key={header}>{header}</TableHeader>
              ))}
            </TableRow>
          </TableHead>
          <TableBody>
            {rows.map((field) => (
              <TableRow key={field.name}>
                <TableCell>{field.label}</TableCell>
                {[base, mine, theirs].map((values, index) => (
                  <TableCell key={index}>{inWords(field, values[field.name])}</TableCell>
                ))}
              </TableRow>
            ))}
          </TableBody>
        </Table>
      )}
      <div className="buttons">
        <Button
          size="sm"
          kind="tertiary"
          onClick={() => {
            settle(mine);
            onMine();
          }}
        >
          {t("conflict.keep_mine")}
        </Button>
        <Button size="sm" kind="tertiary" onClick={onTheirs}>
          {t("conflict.take_theirs")}
        </Button>
        <Button
          size="sm"
          kind="tertiary"
          onClick={() => {
            settle(merged(base, mine, theirs));
            onMerged();
          }}
        >
          {t("conflict.merge")}
        </Button>
      </div>
    </section>
  );
}

function inWords({ text }: Field<Values>, value: unknown): string {
  if (text) return text(value as never) || t("conflict.empty");
  const words = Array.isArray(value) ? list(value.map(String)) : String(value ?? "");
  return words || t("conflict.empty");
}
