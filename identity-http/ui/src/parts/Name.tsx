/** Name of a referenced entity, with its ID; only the ID if it has no name. */

import { useName } from "../api/names";

export function Name({ type, id }: { type: string; id: string }) {
  const name = useName(type, id);
  return name ? (
    <>
      {name} <small className="code">({id})</small>
    </>
  ) : (
    id
  );
}
