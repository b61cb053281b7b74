// Compares the response schemas in this server's OpenAPI document with those of the published client, which are generated from the
// public document. Compares properties, whether they are required and nullable, enum values and patterns. Prints `done` at the end;
// any difference terminates the program with an error.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { z } from 'zod';

const home = new URL('node_modules/@camunda8/orchestration-cluster-api/dist/', import.meta.url);
const file = (await readdir(home)).find((name) => /^zod\.gen-.*\.js$/.test(name));
const published = await import(new URL(file, home));
const document = await (await fetch(`${process.env.CAMUNDA_REST_ADDRESS}/api/openapi.json`)).json();

// Properties without a guaranteed pattern. The pattern of user and tenant IDs is configurable, and users of identity providers may
// have any name. Times have a format instead. The others never occur: audit entries about identity contain no process or decision.
const withoutPattern = ['username', 'tenantId', 'timestamp', 'expiresAt', 'processDefinitionId', 'decisionDefinitionId'];
// Enum values that this server never returns.
const unanswered = ['UNSPECIFIED'];

const followed = (schema, root) => {
  while (schema?.$ref) schema = schema.$ref.split('/').slice(1).reduce((at, name) => at[name], root);
  return schema;
};

/** A common form of the constraints in both dialects of JSON Schema. */
const read = (schema, root, depth = 0) => {
  schema = followed(schema, root);
  if (!schema || depth > 8) return undefined;
  const choices = (schema.anyOf ?? schema.oneOf ?? []).map((choice) => followed(choice, root));
  const others = choices.filter((choice) => choice.type !== 'null');
  const nullable = others.length < choices.length || [].concat(schema.type ?? []).includes('null');
  if (choices.length > 0 && others.length === 1) return { ...read(others[0], root, depth + 1), nullable };
  const parts = [schema, ...(schema.allOf ?? []).map((part) => followed(part, root))];
  const members = Object.entries(Object.assign({}, ...parts.map((part) => part.properties)));
  return {
    nullable,
    words: (schema.enum ?? []).filter((word) => word !== null),
    pattern: schema.pattern?.replaceAll('\\/', '/'),
    members: Object.fromEntries(members.map(([name, value]) => [name, read(value, root, depth + 1)])),
    required: parts.flatMap((part) => part.required ?? []),
    items: schema.items && read(schema.items, root, depth + 1),
  };
};

const differences = [];
/** This server may have additional properties and enum values, but must have all those in the public document. */
const compare = (path, ours, theirs) => {
  if (!theirs) return;
  const differs = (what, own, other) => differences.push(`${path}: ${what} is ${own} here, ${other} in the public document`);
  if (!ours) return differs('it', 'not', 'there');
  if (ours.nullable !== theirs.nullable) differs('nullable', ours.nullable, theirs.nullable);
  const words = theirs.words.filter((word) => !ours.words.includes(word) && !unanswered.includes(word));
  if (words.length > 0) differs('a word', 'missing', words);
  const name = path.split('.').at(-1);
  if (ours.pattern !== theirs.pattern && !withoutPattern.includes(name)) differs('pattern', ours.pattern, theirs.pattern);
  const optional = theirs.required.filter((member) => !ours.required.includes(member));
  if (optional.length > 0) differs('required', 'less', optional);
  for (const [member, value] of Object.entries(theirs.members)) compare(`${path}.${member}`, ours.members[member], value);
  if (theirs.items) compare(`${path}[]`, ours.items, theirs.items);
};

let compared = 0;
for (const [path, operations] of Object.entries(document.paths)) {
  for (const operation of Object.values(operations).filter((operation) => operation.operationId && path.startsWith('/v2'))) {
    const id = operation.operationId;
    const schema = published[`z${id[0].toUpperCase()}${id.slice(1)}Response`];
    const [, answer] = Object.entries(operation.responses).find(([status]) => status.startsWith('2')) ?? [];
    const content = answer?.content?.['application/json']?.schema;
    if (!schema || !content) continue;
    const theirs = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' });
    compare(id, read(content, document), read(theirs, theirs));
    compared += 1;
  }
}
assert.ok(compared >= 30, `${compared} operations were compared`);
assert.deepEqual(differences, []);
console.log('done');
