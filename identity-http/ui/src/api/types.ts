/** Resource types: those that are built in, and the operator's own. */

import { useSession } from "../app/session";
import { useLoad } from "../lib/useLoad";
import { type Schemas, api, ask } from "./client";

/** A type, as it can be granted on. */
export type GrantableType = Schemas["GrantableType"];
/** A type, as it is managed. */
export type ResourceType = Schemas["ResourceTypeView"];

/** Built-in types have no properties to manage. */
export const isOwn = ({ properties }: ResourceType) => properties !== undefined && properties !== null;

/** What can be granted on. Others make types while a page is open: what the session began with is shown until it is known. */
export function useGrantableTypes(): GrantableType[] {
  const { capabilities } = useSession();
  const { data } = useLoad(() => ask(api.GET("/api/capabilities")), []);
  return (data ?? capabilities).resourceTypes;
}
