/** Writes requests as curl commands. */

const SECRETS = /password|secret/i;

/** Replaces the values of secret members at any depth. */
function withoutSecrets(value: unknown, name = ""): unknown {
  if (SECRETS.test(name) && typeof value === "string") return "…";
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutSecrets(member, name)]));
}

const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

interface Sent {
  method: string;
  url: string;
  ifMatch?: string | null;
  body: string;
}

/** Returns the command for a POSIX shell. The variable `TOKEN` holds the access token; secrets in the body are omitted. */
export function curl({ method, url, ifMatch, body }: Sent): string {
  const parts = [`curl -X ${method} ${quoted(url)}`, `-H "Authorization: Bearer $TOKEN"`];
  if (ifMatch) parts.push(`-H ${quoted(`If-Match: ${ifMatch}`)}`);
  if (body) {
    const json = JSON.stringify(withoutSecrets(JSON.parse(body)));
    parts.push(`-H 'Content-Type: application/json'`, `-d ${quoted(json)}`);
  }
  return parts.join(" \\\n  ");
}
