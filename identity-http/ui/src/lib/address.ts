/**
 * Returns the path of an entity. The router applies `decodeURI`, which already decodes percent signs; IDs that contain
 * one are therefore encoded twice.
 */
export function addressOf(place: string, id: string) {
  const once = encodeURIComponent(id);
  return `${place}/${id.includes("%") ? encodeURIComponent(once) : once}`;
}
