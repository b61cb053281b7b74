/** Loads an entity as it is now, before its form opens: a list may be older. */

import { Modal } from "@carbon/react";
import type { ReactNode } from "react";

import { problemOf } from "../api/problem";
import { t } from "../lib/i18n";
import { useConsequences } from "./Dialog";
import { ProblemNotice } from "./ProblemNotice";

interface Props<T> {
  heading: string;
  read: () => Promise<T>;
  onClose: () => void;
  children: (entity: T) => ReactNode;
}

export function Current<T>({ heading, read, onClose, children }: Props<T>) {
  const loaded = useConsequences(read);
  const problem = problemOf(loaded);
  if (loaded.data !== undefined) return children(loaded.data);
  return (
    problem && (
      <Modal open passiveModal size="sm" modalHeading={heading} closeButtonLabel={t("close")} onRequestClose={onClose}>
        <ProblemNotice problem={problem} onRetry={loaded.refetch} />
      </Modal>
    )
  );
}
