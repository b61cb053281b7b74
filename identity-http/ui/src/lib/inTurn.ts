/** One after the other: each is a change of its own, and the first that fails ends it. */
export async function inTurn<T>(items: T[], each: (item: T) => Promise<unknown>) {
  for (const item of items) await each(item);
}
