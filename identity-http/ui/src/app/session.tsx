/** Session: the signed-in user, their permissions and the available surfaces. */

import { queryOptions } from "@tanstack/react-query";
import { createContext, useContext } from "react";

import { api, ask, base, type Schemas } from "../api/client";

export type Capabilities = Schemas["Capabilities"];
export type Surface = Schemas["Surface"];

export const capabilities = queryOptions({
  queryKey: ["capabilities"],
  queryFn: ({ signal }) => ask(api.GET("/api/capabilities", { signal })),
});

export interface Session {
  capabilities: Capabilities;
  has: (surface: Surface) => boolean;
  /** Permissions `read`, `write` and `read:secrets` on this service's API. */
  mayRead: boolean;
  mayWrite: boolean;
  mayReadSecrets: boolean;
}

export function sessionOf(capabilities: Capabilities): Session {
  const { permissions } = capabilities.caller;
  return {
    capabilities,
    has: (surface) => capabilities.surfaces.includes(surface),
    mayRead: permissions.includes("read"),
    mayWrite: permissions.includes("write"),
    mayReadSecrets: permissions.includes("read:secrets"),
  };
}

const Context = createContext<Session | undefined>(undefined);
export const SessionProvider = Context.Provider;

export function useSession(): Session {
  const session = useContext(Context);
  if (!session) throw new Error("no session around this");
  return session;
}

/** Number of open forms. While there is one, the page is not reloaded or redirected automatically. */
let forms = 0;
export function holdTyped() {
  forms += 1;
  return () => {
    forms -= 1;
  };
}
export const isTyping = () => forms > 0;

/** Returns the URL of the sign-in, which redirects back to the current page. */
export function signInAddress() {
  const here = location.pathname + location.search;
  return `${base}/auth/login?${new URLSearchParams({ return_to: here })}`;
}
