/** Routes to the pages that are available in the session. Each page is loaded on its first visit. */

import { Redirect, Route, Switch } from "wouter";

import { Home } from "../pages/home/Home";
import { NotFound } from "../pages/NotFound";
import { Unauthorized } from "../pages/Unauthorized";
import { loaded } from "./Boundary";
import { placesOf } from "./navigation";
import { useSession } from "./session";

const Account = loaded(() => import("../pages/account/Account"));

const PAGES = {
  "/users": loaded(() => import("../pages/users/UserList")),
  "/users/:id": loaded(() => import("../pages/users/UserDetail")),
  "/groups": loaded(() => import("../pages/groups/GroupList")),
  "/groups/:id": loaded(() => import("../pages/groups/GroupDetail")),
  "/roles": loaded(() => import("../pages/roles/RoleList")),
  "/roles/:id": loaded(() => import("../pages/roles/RoleDetail")),
  "/applications": loaded(() => import("../pages/clients/ClientList")),
  "/applications/:id": loaded(() => import("../pages/clients/ClientDetail")),
  "/apis": loaded(() => import("../pages/apis/ApiList")),
  "/apis/:id": loaded(() => import("../pages/apis/ApiDetail")),
  "/tenants": loaded(() => import("../pages/tenants/TenantList")),
  "/tenants/:id": loaded(() => import("../pages/tenants/TenantDetail")),
  "/mapping-rules": loaded(() => import("../pages/rules/RuleList")),
  "/authorizations": loaded(() => import("../pages/authorizations/Authorizations")),
  "/resource-types": loaded(() => import("../pages/types/TypeList")),
  "/resource-types/:id": loaded(() => import("../pages/types/TypeDetail")),
  "/why": loaded(() => import("../pages/why/Why")),
  "/inspector": loaded(() => import("../pages/inspector/Inspector")),
  "/try-rule": loaded(() => import("../pages/try/TryRule")),
  "/who-can": loaded(() => import("../pages/who/WhoCan")),
  "/sessions": loaded(() => import("../pages/sessions/Sessions")),
  "/policies": loaded(() => import("../pages/policies/Policies")),
  "/audit-log": loaded(() => import("../pages/audit/AuditLog")),
};

const Help = loaded(() => import("../pages/help/Help"));

export function Pages() {
  const session = useSession();
  if (!session.mayRead)
    return (
      <Switch>
        <Route path="/account" component={Account} />
        <Route component={Unauthorized} />
      </Switch>
    );
  const there = placesOf(session).flatMap(({ places }) => places.map(({ href }) => href));
  return (
    <Switch>
      <Route path="/" component={Home} />
      <Route path="/account" component={Account} />
      <Route path="/unauthorized">
        <Redirect to="/" />
      </Route>
      <Route path="/help/:id">{({ id }: { id: string }) => <Help key={id} id={decode(id)} />}</Route>
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
