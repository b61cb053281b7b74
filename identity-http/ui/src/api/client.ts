/** Typed client of this server's APIs, with the headers and error handling common to all requests. */

import createClient, { type Middleware } from "openapi-fetch";

import { Captured } from "../lib/captured";
import { Problem, type ProblemDocument } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** Path prefix of all URLs: the path of the page's `<base>` without its trailing slash. */
export const base = new URL(document.baseURI).pathname.replace(/\/$/, "");

/**
 * Newest revision written by this page. Requests send it as the minimum revision, to read their own writes on any
 * replica (docs/management-api.md#revisions).
 */
let revision = 0;

function cookie(name: string): string | undefined {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

/**
 * Returns the CSRF token that unsafe requests send (docs/reference/orchestration-cluster.md §5.10). Reads the cookie on
 * every call, because a sign-in in another tab changes it.
 */
export const csrfToken = () => cookie("X-CSRF-TOKEN") ?? "";

let isCapturing = false;

/** Returns the changes that `run` requests, without sending them: of several in sequence that are not `inTurn`, the first one. */
export async function capture(run: () => Promise<unknown>): Promise<readonly Request[]> {
  isCapturing = true;
  try {
    await run();
  } catch (error) {
    if (error instanceof Captured) return error.requests;
    throw error;
  } finally {
    isCapturing = false;
  }
  return [];
}

const common: Middleware = {
  onRequest({ request }) {
    if (isCapturing && request.method !== "GET") throw new Captured([request]);
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
  // `X-Identity-Full-Problems` asks `/v2` for codes and places of errors (docs/cluster-api.md#errors).
  // With `X-Requested-With`, the server sends no challenge, which would open the password dialog of the browser.
  headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest", "X-Identity-Full-Problems": "1" },
});
api.use(common);

export interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Called on every 401 response, to redirect to the sign-in when the session has ended. */
let onSessionEnd: () => void = () => {};
export const whenSessionEnds = (handler: () => void) => {
  onSessionEnd = handler;
};

/** Resolves to a successful response. Rejects with a `Problem` otherwise, unless the request was aborted. */
export async function settled<T>(request: Promise<Answer<T>>): Promise<Answer<T>> {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch (error) {
    if (error instanceof Captured) throw error;
    throw error instanceof DOMException && error.name === "AbortError" ? error : Problem.unreachable();
  }
  if (answer.response.ok) return answer;
  const problem = new Problem(answer.response.status, answer.error as ProblemDocument | undefined);
  if (problem.status === 401) onSessionEnd();
  throw problem;
}

/** Resolves to the response body. Rejects with a `Problem` if the request fails, unless it was aborted. */
export async function ask<T>(request: Promise<Answer<T>>): Promise<T> {
  return (await settled(request)).data as T;
}

export interface Page<T> {
  items: T[];
  total: number;
}

/** Resolves to a page of a list below `/api`. The total is in the header `X-Total-Count`. */
export async function askPage<T>(request: Promise<Answer<T[]>>): Promise<Page<T>> {
  const { data, response } = await settled(request);
  const items = data ?? [];
  return { items, total: Number(response.headers.get("X-Total-Count") ?? items.length) };
}

/** Resolves to a response body that is read while it arrives, with the total in the header `X-Total-Count`. */
export async function askStream(request: Promise<Answer<unknown>>) {
  const { data, response } = await settled(request);
  const total = Number(response.headers.get("X-Total-Count") ?? 0);
  const body = (data as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  return { body, total, type: response.headers.get("Content-Type") ?? "" };
}

/** Resolves to a page of a search below `/v2`. The total is in the body. */
export async function askFound<T>(
  request: Promise<Answer<{ items: T[]; page: { totalItems: number } }>>,
): Promise<Page<T>> {
  const { items, page } = await ask(request);
  return { items, total: page.totalItems };
}
