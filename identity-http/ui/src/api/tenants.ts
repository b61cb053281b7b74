/** Adds and removes members of tenants. */

import { api, ask } from "./client";

export type TenantMember = "USER" | "GROUP" | "CLIENT";

const at = (tenantId: string) => ({ params: { path: { tenantId } } });

export const join: Record<TenantMember, (tenantId: string, ids: string[]) => Promise<unknown>> = {
  USER: (tenantId, userIds) => ask(api.POST("/api/tenants/{tenantId}/users", { ...at(tenantId), body: { userIds } })),
  GROUP: (tenantId, groupIds) =>
    ask(api.POST("/api/tenants/{tenantId}/groups", { ...at(tenantId), body: { groupIds } })),
  CLIENT: (tenantId, applicationIds) =>
    ask(api.POST("/api/tenants/{tenantId}/applications", { ...at(tenantId), body: { applicationIds } })),
};

export const leave: Record<TenantMember, (tenantId: string, id: string) => Promise<unknown>> = {
  USER: (tenantId, userId) =>
    ask(api.DELETE("/api/tenants/{tenantId}/users/{userId}", { params: { path: { tenantId, userId } } })),
  GROUP: (tenantId, groupId) =>
    ask(api.DELETE("/api/tenants/{tenantId}/groups/{groupId}", { params: { path: { tenantId, groupId } } })),
  CLIENT: (tenantId, clientId) =>
    ask(api.DELETE("/api/tenants/{tenantId}/applications/{clientId}", { params: { path: { tenantId, clientId } } })),
};
