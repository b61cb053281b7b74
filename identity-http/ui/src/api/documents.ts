/** Policy documents: the ones that were applied, and what they manage (docs/gitops.md). */

import { queryOptions, skipToken, useQuery } from "@tanstack/react-query";

import { type Session, useSession } from "../app/session";
import { api, ask, type Schemas } from "./client";

export type AppliedDocument = Schemas["AppliedDocument"];

/** Entity that documents can state something about. */
export interface ManagedEntity {
  type: "USER" | "GROUP" | "ROLE" | "TENANT" | "MAPPING_RULE" | "RESOURCE_TYPE" | "CLIENT";
  id: string;
}

/** Whether the server offers `/api/policies`. */
export const hasDocuments = (session: Session) => session.has("bulk") && session.has("decisions");

/** The last document that was applied under each name. */
export const appliedDocuments = queryOptions({
  queryKey: ["documents"],
  queryFn: ({ signal }) => ask(api.GET("/api/policies/documents", { signal })),
});

/** Returns the documents that state something about an entity. */
export function useDocumentsOf({ type, id }: ManagedEntity): AppliedDocument[] {
  const isOffered = hasDocuments(useSession());
  const query = { entityType: type, entityId: id };
  const { data } = useQuery({
    queryKey: ["documents", query],
    queryFn: isOffered
      ? ({ signal }) => ask(api.GET("/api/policies/documents", { params: { query }, signal }))
      : skipToken,
  });
  return data ?? [];
}
