/** Who is signed in, and what there is for them. */

import { createContext, useContext } from "react";

import { type Schemas, base } from "../api/client";

export type Capabilities = Schemas["Capabilities"];
export type Surface = Schemas["Surface"];

export interface Session {
  capabilities: Capabilities;
  has: (surface: Surface) => boolean;
  /** Whether they may see everything, or change it. */
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

/** Forms that hold what somebody typed: a page with one is not left by itself. */
let forms = 0;
export function holdTyped() {
  forms += 1;
  return () => {
    forms -= 1;
  };
}
export const isTyping = () => forms > 0;

/** The sign-in, and the way back here. */
export function signInAddress() {
  const here = location.pathname + location.search;
  return `${base}/auth/login?${new URLSearchParams({ return_to: here })}`;
}
