/** Optimistic concurrency control: versions of entities, and the change that another user made in the meantime. */

import type { Session } from "../app/session";
import { type Answer, api, ask, settled } from "./client";

/** An entity with the version that its form is based on. */
export type Versioned<T> = T & { version?: string };

/** Resolves to an entity with its version (`ETag`). */
export async function askVersioned<T extends object>(request: Promise<Answer<T>>): Promise<Versioned<T>> {
  const { data, response } = await settled(request);
  return { ...(data as T), version: response.headers.get("ETag") ?? undefined };
}

/** Headers of a change that is meant for one version. */
export const only = ({ version }: { version?: string }): Record<string, string> =>
  version ? { "If-Match": version } : {};

/** Kind and key of an entity in the audit log. */
export interface Audited {
  entityType: string;
  entityKey: string;
}

/** Returns who changed an entity last, and when; `undefined` if the audit log does not tell. */
export async function lastChange(session: Session, { entityType, entityKey }: Audited) {
  if (!session.has("audit-log")) return undefined;
  const query = { entityType, entityKey, result: "SUCCESS", page: 0, resultSize: 10 };
  const entries = await ask(api.GET("/api/audit-log", { params: { query } })).catch(() => []);
  return entries.find(({ entity }) => entity.key === entityKey);
}
