import { Captured } from "./captured";

/** Runs a change for each item, sequentially. Stops at the first failure; earlier changes stay in effect. */
export async function inTurn<T>(items: T[], each: (item: T) => Promise<unknown>) {
  const captured: Request[] = [];
  for (const item of items) {
    try {
      await each(item);
    } catch (error) {
      if (!(error instanceof Captured)) throw error;
      captured.push(...error.requests);
    }
  }
  if (captured.length > 0) throw new Captured(captured);
}
