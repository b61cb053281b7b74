/** The address of something, by its id. The router decodes what is in an address by half, so a percent sign needs more. */
export function addressOf(place: string, id: string) {
  const once = encodeURIComponent(id);
  return `${place}/${id.includes("%") ? encodeURIComponent(once) : once}`;
}
