/** An ID that every API takes, made from a name: `Büro Süd` is `buro-sud`. */
export const proposedId = (name: string, longest = 256) =>
  name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/ß/g, "ss")
    .toLowerCase()
    .replace(/[^a-z0-9_.-]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "")
    .slice(0, longest);
