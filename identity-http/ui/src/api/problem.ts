/** Why something was not done: a problem document (RFC 9457) of the server's, or no answer at all. */

export interface ProblemDocument {
  detail?: string;
  reason?: string;
  title?: string;
  errors?: string[];
}

export class Problem extends Error {
  readonly reason: string;
  /** What is wrong with which field. */
  readonly fields: ReadonlySet<string>;

  constructor(
    readonly status: number,
    document?: ProblemDocument,
  ) {
    super(document?.detail ?? document?.title ?? "");
    this.reason = document?.reason ?? "";
    const named = (document?.errors ?? []).filter((code) => code.includes("."));
    this.fields = new Set(named.map((code) => code.slice(0, code.indexOf("."))));
  }

  /** Nobody answered. */
  static unreachable = () => new Problem(0, { reason: "unreachable" });

  /** Whether the person has to sign in (again). */
  get wantsSignIn() {
    return this.status === 401;
  }

  /** The same, said of a field where the reason is about one and the server cannot know which. */
  placed(fields: Record<string, string>): Problem {
    const field = fields[this.reason];
    if (field === undefined || this.fields.size > 0) return this;
    return new Problem(this.status, { detail: this.message, reason: this.reason, errors: [`${field}.invalid`] });
  }

  /** What the detail says about one field: the server writes a sentence for each, in the order of the fields. */
  about(field: string): string | undefined {
    if (!this.fields.has(field)) return undefined;
    const sentence = this.message.split(/(?<=\.) (?=\w+ (?:must|may) )/).find((text) => text.startsWith(`${field} `));
    return sentence?.slice(field.length + 1) ?? this.message;
  }
}

export const asProblem = (error: unknown) => (error instanceof Problem ? error : new Problem(-1));
