/** Runs a change for each item, sequentially. Stops at the first failure; earlier changes stay in effect. */
export async function inTurn<T>(items: T[], each: (item: T) => Promise<unknown>) {
  for (const item of items) await each(item);
}
