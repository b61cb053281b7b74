/**
 * Derives an ID from a name, in the characters that every API accepts: `Büro Süd` becomes `buro-sud`. Empty if the name
 * has no such characters.
 */
export const proposedId = (name: string, longest = 256) =>
  name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/ß/g, "ss")
    .toLowerCase()
    .replace(/[^a-z0-9_.-]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "")
    .slice(0, longest);
