/** Failures of requests: a problem document (RFC 9457) from the server, or no response. */

/** Part of the request body that an error concerns. */
export interface Finding {
  /** JSON pointer (RFC 6901). */
  pointer: string;
  detail: string;
}

export interface ProblemDocument {
  detail?: string;
  reason?: string;
  title?: string;
  errors?: string[];
  findings?: Finding[];
}

export class Problem extends Error {
  readonly reason: string;
  /** Names of the invalid fields. */
  readonly fields: ReadonlySet<string>;
  readonly findings: readonly Finding[];

  constructor(
    readonly status: number,
    document?: ProblemDocument,
  ) {
    super(document?.detail ?? document?.title ?? "");
    this.reason = document?.reason ?? "";
    this.findings = document?.findings ?? [];
    const named = (document?.errors ?? []).filter((code) => code.includes("."));
    this.fields = new Set(named.map((code) => code.slice(0, code.indexOf("."))));
  }

  /** The server did not respond; the status is 0. */
  static unreachable = () => new Problem(0, { reason: "unreachable" });

  /** Whether the user has to sign in (again). */
  get wantsSignIn() {
    return this.status === 401;
  }

  /** Assigns the problem to a field according to its reason, unless the server named fields. */
  placed(fields: Record<string, string>): Problem {
    const field = fields[this.reason];
    if (field === undefined || this.fields.size > 0) return this;
    return new Problem(this.status, { detail: this.message, reason: this.reason, errors: [`${field}.invalid`] });
  }

  /** Returns the error message for the part of the body at a JSON pointer, or `undefined` if it is valid. */
  at(pointer: string): string | undefined {
    const found = this.findings.find((finding) => `${finding.pointer}/`.startsWith(`${pointer}/`));
    return found && `${found.detail}.`;
  }

  /** Returns the error message for a field, or `undefined` if the field is valid. */
  about(field: string): string | undefined {
    return this.at(`/${field}`) ?? (this.fields.has(field) ? this.message : undefined);
  }
}

export const asProblem = (error: unknown) => (error instanceof Problem ? error : new Problem(-1));

/** The problem of a query or mutation; `undefined` if it did not fail. */
export const problemOf = ({ error }: { error: unknown }) => (error ? asProblem(error) : undefined);
