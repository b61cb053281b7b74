import type { Schemas } from "./client";

type Permission = Schemas["PermissionView"];

/** Returns the display name of a role, or its key if it has none. */
export const titleOf = ({ name, displayName }: Schemas["RoleView"]) => displayName ?? name;

/** The change that gives a role these permissions instead of its present ones, as the simulation takes it. */
export const withPermissions = (id: string, permissions: readonly Permission[]) => ({
  updateRole: {
    id,
    permissions: permissions.map(({ resourceServerAudience: audience, definition }) => ({ audience, definition })),
  },
});
