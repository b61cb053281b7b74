/** Entities whose IDs or names look alike (docs/decisions-api.md#look-alikes). */

import type { Session } from "../app/session";
import { api, ask } from "./client";
import type { operations } from "./schema";

export type LabelledKind = NonNullable<NonNullable<operations["access_similar"]["parameters"]["query"]>["type"]>;

/** Returns, for each ID that resembles others of its kind, those others. Empty without the surface `decisions`. */
export async function lookAlikes(
  session: Session,
  type: LabelledKind,
  signal?: AbortSignal,
): Promise<Map<string, string[]>> {
  if (!session.has("decisions")) return new Map();
  const { sets } = await ask(api.GET("/access/v1/review/look-alikes", { params: { query: { type } }, signal }));
  const others = new Map<string, string[]>();
  for (const { ids } of sets) {
    for (const id of ids) others.set(id, [...(others.get(id) ?? []), ...ids.filter((other) => other !== id)]);
  }
  return others;
}
