import type { Schemas } from "./client";

/** Returns the display name of a role, or its key if it has none. */
export const titleOf = ({ name, displayName }: Schemas["RoleView"]) => displayName ?? name;
