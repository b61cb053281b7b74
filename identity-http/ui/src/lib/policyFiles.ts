/**
 * Reads policy documents from files, by the rules of the command line: all files are one document, lists of the same
 * section follow each other, and passwords are references, which are not sent (docs/gitops.md#documents).
 */

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  stringify,
  visit,
} from "yaml";

/** Maximum size of a file in bytes. */
const MAX_BYTES = 16 * 1024 * 1024;

export interface PolicyFile {
  name: string;
  text: string;
}

/** Place in a file. Line and column start at 1. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** Why a file cannot be used. The texts have the keys `sources.CODE`. */
export interface Fault extends Partial<Place> {
  code:
    | "too_large"
    | "unreadable"
    | "encoding"
    | "syntax"
    | "duplicate_key"
    | "number"
    | "object"
    | "form"
    | "defined_twice"
    | "password";
  /** Message of the parser, in English. */
  detail?: string;
  /** JSON pointer. */
  pointer?: string;
}

type Json = Record<string, unknown>;

/** A parsed YAML document and its file. */
interface Source {
  file: string;
  lines: LineCounter;
  document: Document.Parsed;
}

/** Path of a value in the document of its file. */
interface Origin {
  source: Source;
  path: (string | number)[];
}

export class Sources {
  readonly faults: Fault[] = [];
  /** Names of the users for which the files have references to passwords. */
  readonly passwords = new Set<string>();
  private readonly sections = new Map<string, unknown>();
  /** Origins of the sections and of their elements, by JSON pointer. */
  private readonly origins = new Map<string, Origin>();

  constructor(files: readonly PolicyFile[]) {
    for (const { name, text } of files) this.read(name, text);
    this.takePasswords();
  }

  /** The whole document, without passwords. */
  get document(): Json {
    return Object.fromEntries(this.sections);
  }

  /** Returns the place of a value, or of the nearest one around it that is in a file. */
  placeOf(pointer: string): Place | undefined {
    const names = pointer.split("/").slice(1).map(unescaped);
    for (let length = names.length; length > 0; length -= 1) {
      const origin = this.origins.get(pointerOf(names.slice(0, length)));
      if (origin) return placeIn(origin.source, [...origin.path, ...names.slice(length)]);
    }
    return undefined;
  }

  private read(file: string, text: string) {
    const lines = new LineCounter();
    const at = (offset = 0) => ({ file, ...position(lines, offset) });
    let documents: Document.Parsed[];
    try {
      documents = [
        ...parseAllDocuments(text, {
          lineCounter: lines,
          prettyErrors: false,
          stringKeys: true,
          merge: true,
          logLevel: "error",
        }),
      ];
    } catch (error) {
      this.faults.push({ code: "syntax", file, detail: messageOf(error) });
      return;
    }
    for (const document of documents) {
      for (const { code, message, pos } of document.errors) {
        const fault = code === "DUPLICATE_KEY" ? "duplicate_key" : "syntax";
        this.faults.push({ code: fault, ...at(pos[0]), detail: message });
      }
      if (document.errors.length > 0) continue;
      visit(document, {
        Scalar: (_, { value, source, range }) => {
          // The browser would round these numbers.
          const isRounded =
            typeof value === "number" && /^[-+]?\d+$/.test(source ?? "") && !Number.isSafeInteger(value);
          if (isRounded) this.faults.push({ code: "number", ...at(range?.[0]) });
        },
      });
      try {
        this.add({ file, lines, document }, document.toJS());
      } catch (error) {
        this.faults.push({ code: "syntax", file, detail: messageOf(error) });
      }
    }
  }

  private add(source: Source, content: unknown) {
    if (content === null || content === undefined) return;
    const fault = (code: Fault["code"], path: (string | number)[]) =>
      this.faults.push({ code, ...placeIn(source, path), pointer: pointerOf(path) });
    if (!isObject(content)) {
      fault("object", []);
      return;
    }
    for (const [name, section] of Object.entries(content)) {
      const own = { source, path: [name] };
      const known = this.sections.get(name);
      const origin = (below: string | number, inFile: string | number) =>
        this.origins.set(pointerOf([name, below]), { source, path: [name, inFile] });
      if (!this.sections.has(name)) {
        this.sections.set(name, section);
        this.origins.set(pointerOf([name]), own);
        if (Array.isArray(section)) section.forEach((_, index) => void origin(index, index));
        else if (isObject(section)) for (const key of Object.keys(section)) origin(key, key);
      } else if (Array.isArray(known) && Array.isArray(section)) {
        section.forEach((_, index) => void origin(known.length + index, index));
        this.sections.set(name, known.concat(section));
      } else if (isObject(known) && isObject(section)) {
        for (const key of Object.keys(section)) {
          if (Object.hasOwn(known, key)) fault("defined_twice", [name, key]);
          origin(key, key);
        }
        this.sections.set(name, Object.fromEntries([...Object.entries(known), ...Object.entries(section)]));
      } else {
        fault("form", [name]);
      }
    }
  }

  /** Takes the references to passwords out of the document, which the server never receives. */
  private takePasswords() {
    const users = this.sections.get("users");
    if (!Array.isArray(users)) return;
    const without = users.map((user: unknown, index) => {
      if (!isObject(user) || !Object.hasOwn(user, "password")) return user;
      const { password, ...rest } = user;
      if (typeof password !== "string" || !/^(env|file):./s.test(password)) {
        const pointer = `/users/${index}/password`;
        this.faults.push({ code: "password", ...this.placeOf(pointer), pointer });
      } else if (typeof rest.username === "string") {
        this.passwords.add(rest.username);
      }
      return rest;
    });
    this.sections.set("users", without);
  }
}

/** Reads the text of a file. */
export async function read(file: File): Promise<PolicyFile | Fault> {
  if (file.size > MAX_BYTES) return { code: "too_large", file: file.name };
  const bytes = await file.arrayBuffer().catch(() => undefined);
  if (!bytes) return { code: "unreadable", file: file.name };
  try {
    return { name: file.name, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { code: "encoding", file: file.name };
  }
}

/** Writes a document as YAML that readers of YAML 1.1 and 1.2 understand alike, in the order of its members. */
export const asYaml = (document: object) =>
  stringify(document, { compat: "yaml-1.1", lineWidth: 0, aliasDuplicateObjects: false });

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function position(lines: LineCounter, offset: number) {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** Place of the value at a path, or of the nearest one around it. Members of objects are at their key. */
function placeIn({ file, lines, document }: Source, path: readonly (string | number)[]): Place {
  let node: Node | null | undefined = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const name of path) {
    const around: unknown = isAlias(node) ? node.resolve(document) : node;
    let key: unknown;
    if (isMap(around)) {
      const pair = around.items.find(({ key }) => isScalar(key) && String(key.value) === name);
      key = pair?.key;
      node = pair?.value as Node | null | undefined;
    } else if (isSeq(around)) {
      node = around.items[Number(name)] as Node | undefined;
      key = node;
    }
    const range = (key as Node | undefined)?.range;
    if (!range) break;
    offset = range[0];
  }
  return { file, ...position(lines, offset) };
}

/** Writes a JSON pointer (RFC 6901). */
const pointerOf = (names: readonly (string | number)[]) =>
  names.map((name) => `/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
const unescaped = (name: string) => name.replaceAll("~1", "/").replaceAll("~0", "~");
