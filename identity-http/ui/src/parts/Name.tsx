/** Name of a referenced entity, with its ID; only the ID if it has no name. */

import { useName } from "../api/names";

/** Longest ID, in characters, that does not break in narrow columns. */
const SHORT = 24;

/** Class of an ID by its length. */
export const breaking = (id: string) => (id.length > SHORT ? "long" : "short");

export function Name({ type, id }: { type: string; id: string }) {
  const name = useName(type, id);
  // One element, because links are flex containers that would put name and ID in columns.
  return name ? (
    <span>
      {name} <small className={`code ${breaking(id)}`}>({id})</small>
    </span>
  ) : (
    <span className={breaking(id)}>{id}</span>
  );
}
