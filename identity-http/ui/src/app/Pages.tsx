/** Which page an address is. Each is loaded when somebody goes there. */

import { lazy } from "react";
import { Redirect, Route, Switch } from "wouter";

import { Home } from "../pages/Home";
import { NotFound } from "../pages/NotFound";
import { placesOf } from "./navigation";
import { useSession } from "./session";

const PAGES = {
  "/users": lazy(() => import("../pages/users/UserList")),
  "/users/:id": lazy(() => import("../pages/users/UserDetail")),
  "/groups": lazy(() => import("../pages/groups/GroupList")),
  "/groups/:id": lazy(() => import("../pages/groups/GroupDetail")),
  "/roles": lazy(() => import("../pages/roles/RoleList")),
  "/roles/:id": lazy(() => import("../pages/roles/RoleDetail")),
  "/applications": lazy(() => import("../pages/clients/ClientList")),
  "/applications/:id": lazy(() => import("../pages/clients/ClientDetail")),
  "/apis": lazy(() => import("../pages/apis/ApiList")),
  "/apis/:id": lazy(() => import("../pages/apis/ApiDetail")),
  "/tenants": lazy(() => import("../pages/tenants/TenantList")),
  "/tenants/:id": lazy(() => import("../pages/tenants/TenantDetail")),
  "/mapping-rules": lazy(() => import("../pages/rules/RuleList")),
  "/authorizations": lazy(() => import("../pages/authorizations/Authorizations")),
  "/resource-types": lazy(() => import("../pages/types/TypeList")),
  "/resource-types/:id": lazy(() => import("../pages/types/TypeDetail")),
  "/why": lazy(() => import("../pages/why/Why")),
  "/inspector": lazy(() => import("../pages/inspector/Inspector")),
  "/try-rule": lazy(() => import("../pages/try/TryRule")),
  "/who-can": lazy(() => import("../pages/who/WhoCan")),
  "/sessions": lazy(() => import("../pages/sessions/Sessions")),
  "/audit-log": lazy(() => import("../pages/audit/AuditLog")),
};

export function Pages() {
  const session = useSession();
  const there = placesOf(session).flatMap(({ places }) => places.map(({ href }) => href));
  return (
    <Switch>
      <Route path="/" component={Home} />
      <Route path="/unauthorized">
        <Redirect to="/" />
      </Route>
      {Object.entries(PAGES)
        .filter(([path]) => there.some((href) => path === href || path.startsWith(`${href}/`)))
        .map(([path, Page]) => (
          <Route key={path} path={path}>
            {({ id }: { id?: string }) => <Page key={id} id={decode(id)} />}
          </Route>
        ))}
      <Route component={NotFound} />
    </Switch>
  );
}

function decode(id: string | undefined): string {
  try {
    return decodeURIComponent(id ?? "");
  } catch {
    return id ?? "";
  }
}
