/** The typed client of this server's APIs, and what every request has in common. */

import createClient, { type Middleware } from "openapi-fetch";

import { Problem, type ProblemDocument } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** Where everything is: the page's `<base>`, without a slash at its end. */
export const base = new URL(document.baseURI).pathname.replace(/\/$/, "");

/** The newest revision that a change of ours made: whichever replica answers next knows it (docs/management-api.md). */
let revision = 0;

function cookie(name: string): string | undefined {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

/** What unsafe requests show (orchestration reference §5.10). Read each time: a sign-in in another tab changes it. */
export const csrfToken = () => cookie("X-CSRF-TOKEN") ?? "";

const common: Middleware = {
  onRequest({ request }) {
    if (revision > 0) request.headers.set("X-Identity-Min-Revision", String(revision));
    if (!["GET", "HEAD"].includes(request.method)) request.headers.set("X-CSRF-TOKEN", csrfToken());
    return request;
  },
  onResponse({ request, response }) {
    const made = Number(response.headers.get("X-Identity-Revision") ?? 0);
    if (request.method !== "GET" && made > revision) revision = made;
    return response;
  },
};

export const api = createClient<paths>({
  baseUrl: base,
  credentials: "same-origin",
  // By the second, the server knows a script that wants no challenge: browsers answer those with a dialog of their own.
  headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" },
});
api.use(common);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Told of every session that has ended, to send the person to the sign-in. */
let onSessionEnd: () => void = () => {};
export const whenSessionEnds = (handler: () => void) => {
  onSessionEnd = handler;
};

async function settled<T>(request: Promise<Answer<T>>): Promise<Answer<T>> {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch (error) {
    throw error instanceof DOMException && error.name === "AbortError" ? error : Problem.unreachable();
  }
  if (answer.response.ok) return answer;
  const problem = new Problem(answer.response.status, answer.error as ProblemDocument | undefined);
  if (problem.status === 401) onSessionEnd();
  throw problem;
}

/** What was asked for; throws a [`Problem`] when it is not had. */
export async function ask<T>(request: Promise<Answer<T>>): Promise<T> {
  return (await settled(request)).data as T;
}

export interface Page<T> {
  items: T[];
  total: number;
}

/** A page of a list below `/api`, whose length is in a header. */
export async function askPage<T>(request: Promise<Answer<T[]>>): Promise<Page<T>> {
  const { data, response } = await settled(request);
  const items = data ?? [];
  return { items, total: Number(response.headers.get("X-Total-Count") ?? items.length) };
}

/** A page of a search below `/v2`. */
export async function askFound<T>(
  request: Promise<Answer<{ items: T[]; page: { totalItems: number } }>>,
): Promise<Page<T>> {
  const { items, page } = await ask(request);
  return { items, total: page.totalItems };
}
