/** Built-in and custom resource types. */

import { useQuery } from "@tanstack/react-query";

import { capabilities, useSession } from "../app/session";
import type { Schemas } from "./client";

/** Resource type for use in authorizations. */
export type GrantableType = Schemas["GrantableType"];
/** Resource type as managed at `/api/resource-types`. */
export type ResourceType = Schemas["ResourceTypeView"];

/** Whether a type is custom: built-in types have no `properties`. */
export const isOwn = ({ properties }: ResourceType) => properties !== undefined && properties !== null;

/**
 * Resource types that authorizations can be on. They are reloaded, because other users may have added types since the
 * session started; until then, the types of the session are returned.
 */
export function useGrantableTypes(): GrantableType[] {
  const session = useSession();
  const { data } = useQuery(capabilities);
  return (data ?? session.capabilities).resourceTypes;
}
