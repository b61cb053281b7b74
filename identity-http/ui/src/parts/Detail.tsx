/** Page of one entity, with buttons to edit and delete it. Shows the problem if the entity cannot be loaded. */

import { Edit, TrashCan } from "@carbon/icons-react";
import { Button } from "@carbon/react";
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";

import type { ManagedEntity } from "../api/documents";
import { problemOf } from "../api/problem";
import { useSession } from "../app/session";
import { t } from "../lib/i18n";
import { lastAddress } from "../lib/lastSearch";
import { Managed } from "./Managed";
import { Page } from "./Page";
import { ProblemNotice } from "./ProblemNotice";

interface Props<T> {
  loaded: UseQueryResult<T>;
  /** Page title if the entity cannot be loaded. */
  one: string;
  /** Parent list, which is opened after a deletion. */
  above: { title: string; href: string };
  title: (thing: T) => string;
  lead?: (thing: T) => ReactNode;
  /** The entity as policy documents name it; absent if they do not have it. */
  managed?: (thing: T) => ManagedEntity | undefined;
  /** Whether the entity is read-only. */
  isFixed?: (thing: T) => boolean;
  edit: { text?: string; form: (thing: T, onClose: () => void) => ReactNode };
  /** Further buttons, before the one that deletes. */
  actions?: (thing: T) => ReactNode;
  /** Omitted if entities of this kind cannot be deleted. */
  remove?: (thing: T, onDeleted: () => void, onClose: () => void) => ReactNode;
  children: (thing: T) => ReactNode;
}

export function Detail<T>({
  loaded,
  one,
  above,
  title,
  lead,
  managed,
  isFixed,
  edit,
  actions: more,
  remove,
  children,
}: Props<T>) {
  const { mayWrite } = useSession();
  const [, go] = useLocation();
  const [dialog, setDialog] = useState<"edit" | "delete">();
  const close = () => setDialog(undefined);
  const { data, refetch } = loaded;
  const problem = problemOf(loaded);
  if (data === undefined)
    return (
      problem && (
        <Page title={one} above={[above]}>
          <ProblemNotice problem={problem} onRetry={refetch} />
        </Page>
      )
    );
  const actions = mayWrite && !isFixed?.(data) && (
    <>
      <Button kind="tertiary" renderIcon={Edit} onClick={() => setDialog("edit")}>
        {edit.text ?? t("edit")}
      </Button>
      {more?.(data)}
      {remove && (
        <Button kind="danger--tertiary" renderIcon={TrashCan} onClick={() => setDialog("delete")}>
          {t("delete")}
        </Button>
      )}
    </>
  );
  const entity = managed?.(data);
  return (
    <Page title={title(data)} above={[above]} lead={lead?.(data)} actions={actions}>
      {entity && <Managed entity={entity} />}
      {children(data)}
      {dialog === "edit" && edit.form(data, close)}
      {dialog === "delete" && remove?.(data, () => go(lastAddress(above.href)), close)}
    </Page>
  );
}
