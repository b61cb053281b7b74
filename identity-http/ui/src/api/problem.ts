/** Failures of requests: a problem document (RFC 9457) from the server, or no response. */

import { isKey, t, type Values, word } from "../lib/i18n";

/** Part of the request body that an error concerns. */
export interface Finding {
  /** JSON pointer (RFC 6901). */
  pointer: string;
  detail: string;
  /** Code of the violated rule; absent from older servers. */
  code?: string;
  params?: Values;
}

export interface ProblemDocument {
  detail?: string;
  reason?: string;
  params?: Values;
  title?: string;
  errors?: string[];
  findings?: Finding[];
}

export class Problem extends Error {
  readonly reason: string;
  private readonly document: ProblemDocument;
  /** Names of the invalid fields. */
  readonly fields: ReadonlySet<string>;
  readonly findings: readonly Finding[];
  /** Fields whose errors are shown in place. */
  private readonly shown = new Set<string>();

  constructor(
    readonly status: number,
    document: ProblemDocument = {},
  ) {
    super(document.detail ?? document.title ?? "");
    this.document = document;
    this.reason = document.reason ?? "";
    this.findings = document.findings ?? [];
    const named = (document.errors ?? []).filter((code) => code.includes("."));
    this.fields = new Set([
      ...named.map((code) => code.slice(0, code.indexOf("."))),
      ...this.findings.map(({ pointer }) => pointer.split("/")[1] ?? "").filter(Boolean),
    ]);
  }

  /** The server did not respond; the status is 0. */
  static unreachable = () => new Problem(0, { reason: "unreachable" });

  /** Whether the user has to sign in (again). */
  get wantsSignIn() {
    return this.status === 401;
  }

  /** The reason in a sentence, in the user's language if it has one for it. Empty if the server gave none. */
  get sentence(): string {
    return inWords("reason", this.reason, this.document.params, this.message);
  }

  /**
   * Assigns the problem to the fields of a form. `places` names fields by the JSON pointer of a member, or by the reason of
   * a problem for which the server named no fields.
   */
  placed(places: Record<string, string>): Problem {
    const findings = this.findings.map((finding) => {
      const [, member = "", ...below] = finding.pointer.split("/");
      const field = places[`/${member}`];
      return field === undefined ? finding : { ...finding, pointer: ["", field, ...below].join("/") };
    });
    const field = this.fields.size > 0 ? undefined : places[this.reason];
    const errors = field === undefined ? this.document.errors : [`${field}.invalid`];
    return new Problem(this.status, { ...this.document, findings, errors });
  }

  /** Returns the error message for the part of the body at a JSON pointer, or `undefined` if it is valid. */
  at(pointer: string): string | undefined {
    this.shown.add(pointer.split("/")[1] ?? "");
    const found = this.findings.find((finding) => `${finding.pointer}/`.startsWith(`${pointer}/`));
    return found && sentenceOf(found);
  }

  /** Returns the error message for a field, or `undefined` if the field is valid. */
  about(field: string): string | undefined {
    return this.at(`/${field}`) ?? (this.fields.has(field) ? this.sentence : undefined);
  }

  /**
   * Returns the invalid fields that no part of the form has asked for, with their messages. Complete once the form is
   * rendered.
   */
  elsewhere(): { field: string; message: string }[] {
    const left = [...this.fields].filter((field) => !this.shown.has(field));
    return left.map((field) => {
      const found = this.findings.find(({ pointer }) => `${pointer}/`.startsWith(`/${field}/`));
      const message = found ? sentenceOf(found) : this.sentence;
      return { field, message };
    });
  }
}

/** Returns the violated rule in a sentence, in the user's language if it has one for it. */
export const sentenceOf = ({ code, params, detail }: Finding) => inWords("rule", code, params, `${detail}.`);

/**
 * Returns the sentence for a code of the server. Without one, or if a parameter is missing, as with servers of another
 * version, it is the server's own.
 */
function inWords(prefix: "rule" | "reason", code: string | undefined, params: Values = {}, detail: string): string {
  const plain = (text: string) => text.replaceAll("`", "");
  const key = `${prefix}.${code}`;
  if (!isKey(key)) return plain(detail);
  const value = ([name, value]: [string, string | number]) => [
    name,
    typeof value !== "string" ? value : /kind$/i.test(name) ? word("owner", value) : plain(value),
  ];
  try {
    return t(key, { detail: plain(detail), ...Object.fromEntries(Object.entries(params).map(value)) }).trim();
  } catch {
    return plain(detail);
  }
}

export const asProblem = (error: unknown) => (error instanceof Problem ? error : new Problem(-1));

/** The problem of a query or mutation; `undefined` if it did not fail. */
export const problemOf = ({ error }: { error: unknown }) => (error ? asProblem(error) : undefined);
