/** List of the members of an entity. Members can be added and removed, and a removal can be undone. */

import { TrashCan } from "@carbon/icons-react";
import { type QueryKey, skipToken, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Find } from "../api/choices";
import type { Page } from "../api/client";
import { changed } from "../api/queries";
import { useSession } from "../app/session";
import { useToast } from "../app/toasts";
import { t } from "../lib/i18n";
import { Create } from "./Create";
import { type Column, Listing, type ListQuery, local } from "./Listing";
import { PickDialog } from "./PickDialog";
import { useRemoval } from "./useRemoval";

interface Props<T> {
  label: string;
  columns: Column<T>[];
  idOf: (member: T) => string;
  nameOf: (member: T) => string;
  href?: (member: T) => string;
  queryKey: QueryKey;
  /** Loads all members, or one page. */
  load: { all: (signal?: AbortSignal) => Promise<T[]> } | { page: (query: ListQuery) => Promise<Page<T>> };
  add?: {
    button: string;
    /** Title of the dialog. Default: `button`. */
    heading?: string;
    search: string;
    find?: Find;
    typed?: string;
    run: (ids: string[]) => Promise<unknown>;
    /** Removes added members again. */
    undo?: (ids: string[]) => Promise<unknown>;
    /** The change, as the simulation takes it; absent if it cannot be simulated. */
    changes?: (ids: string[]) => object[];
  };
  remove?: {
    run: (member: T) => Promise<unknown>;
    /** Adds the removed member again. */
    undo: (member: T) => Promise<unknown>;
  };
  empty: string;
}

export function Members<T>({ label, columns, idOf, nameOf, href, queryKey, load, add, remove, empty }: Props<T>) {
  const { mayWrite } = useSession();
  const say = useToast();
  const [adding, setAdding] = useState(false);
  const texts = (member: T) => [idOf(member), nameOf(member)];
  const taken = useQuery({
    queryKey: [...queryKey, { all: true }],
    queryFn: "all" in load ? ({ signal }) => load.all(signal) : skipToken,
  });
  const drop = useRemoval(queryKey);
  return (
    <>
      <Listing
        label={label}
        columns={columns}
        rowKey={idOf}
        href={href}
        search={t("members.search")}
        load={"all" in load ? local(load.all, texts) : load.page}
        queryKey={queryKey}
        tools={add && <Create text={add.button} onClick={() => setAdding(true)} />}
        actions={
          remove && mayWrite
            ? [
                {
                  label: (member) => t("members.remove", { name: nameOf(member) }),
                  icon: TrashCan,
                  danger: true,
                  onClick: (member) =>
                    drop(
                      nameOf(member),
                      () => remove.run(member),
                      () => remove.undo(member),
                    ),
                },
              ]
            : []
        }
        bulk={
          remove && mayWrite
            ? {
                nameOf,
                actions: [
                  {
                    label: t("bulk.remove"),
                    danger: true,
                    run: remove.run,
                    changes: queryKey,
                  },
                ],
              }
            : undefined
        }
        empty={{ title: t("members.none"), text: empty }}
      />
      {adding && add && (
        <PickDialog
          heading={add.heading ?? add.button}
          submit={t("add")}
          search={add.search}
          find={add.find}
          typed={add.typed}
          taken={new Set(taken.data?.map(idOf))}
          changes={add.changes}
          shownAs={["curl", "yaml"]}
          onPick={(ids) =>
            add.run(ids).then(() => {
              changed(queryKey);
              const { undo } = add;
              say({
                title: t("members.added", { count: ids.length }),
                undo: undo && (() => undo(ids).then(() => changed(queryKey))),
              });
            })
          }
          onClose={() => setAdding(false)}
        />
      )}
    </>
  );
}
