/** What belongs to something: shown, added, removed, and put back. */

import { Button } from "@carbon/react";
import { Add, TrashCan } from "@carbon/icons-react";
import { type ReactNode, useState } from "react";

import type { Find } from "../api/choices";
import { describe } from "./ProblemNotice";
import { asProblem } from "../api/problem";
import { useSession } from "../app/session";
import { useToast } from "../app/toasts";
import { t } from "../lib/i18n";
import { useLoad } from "../lib/useLoad";
import { type Column, Listing, type ListQuery, local } from "./Listing";
import { PickDialog } from "./PickDialog";
import type { Page } from "../api/client";

interface Props<T> {
  label: string;
  columns: Column<T>[];
  idOf: (member: T) => string;
  nameOf: (member: T) => string;
  href?: (member: T) => string;
  /** All of them, or a page of them. */
  load: { all: () => Promise<T[]> } | { page: (query: ListQuery) => Promise<Page<T>> };
  add?: {
    button: string;
    heading: string;
    search: string;
    find?: Find;
    typed?: string;
    run: (ids: string[]) => Promise<unknown>;
  };
  remove?: {
    label: (member: T) => string;
    run: (member: T) => Promise<unknown>;
    /** Makes it as it was. */
    undo: (member: T) => Promise<unknown>;
    unless?: (member: T) => boolean;
  };
  empty: string;
  note?: ReactNode;
}

export function Members<T>({ label, columns, idOf, nameOf, href, load, add, remove, empty, note }: Props<T>) {
  const { mayWrite } = useSession();
  const say = useToast();
  const [round, setRound] = useState(0);
  const [adding, setAdding] = useState(false);
  const again = () => setRound((round) => round + 1);
  const texts = (member: T) => [idOf(member), nameOf(member)];
  const taken = useLoad(
    async () => new Set(("all" in load ? await load.all() : []).map(idOf)),
    [round],
  );
  const drop = (member: T) => {
    if (!remove) return;
    remove.run(member).then(
      () => {
        again();
        say({ title: t("members.removed", { name: nameOf(member) }), undo: () => remove.undo(member).then(again) });
      },
      (error: unknown) => say({ kind: "error", title: t("members.not_removed"), detail: describe(asProblem(error)) }),
    );
  };
  const button = add && mayWrite && (
    <Button size="lg" kind="primary" renderIcon={Add} onClick={() => setAdding(true)}>
      {add.button}
    </Button>
  );
  return (
    <>
      {note}
      <Listing
        label={label}
        columns={columns}
        rowKey={idOf}
        href={href}
        search={t("members.search")}
        load={"all" in load ? local(load.all, texts) : load.page}
        on={[round]}
        tools={button}
        actions={
          remove && mayWrite
            ? [{ label: remove.label, icon: TrashCan, danger: true, onClick: drop, unless: remove.unless }]
            : []
        }
        empty={{ title: t("members.none"), text: empty }}
      />
      {adding && add && (
        <PickDialog
          heading={add.heading}
          submit={t("add")}
          search={add.search}
          find={add.find}
          typed={add.typed}
          taken={taken.data ?? new Set()}
          onPick={(ids) =>
            add.run(ids).then(() => {
              again();
              say({ title: t("members.added", { count: ids.length }) });
            })
          }
          onClose={() => setAdding(false)}
        />
      )}
    </>
  );
}
