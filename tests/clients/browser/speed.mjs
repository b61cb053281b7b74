// Times in a browser whose processor is slowed down by the factor 4, run by `tests/bench/benches/ui.rs` against a server
// with 10,000 users and 100,000 authorizations. Prints a line for each case: the measure, the case, and the median and
// maximum in milliseconds, separated by tabs.

import { base, open, signIn } from "./browser.mjs";

/** Factor by which the browser's tools slow the processor down. */
const SLOWDOWN = 4;
const RUNS = 5;

const FIRST_ROW = "main tbody tr td";
const SELECTED = ".selected button";
const REMOVE = ".selected .cds--btn--danger--tertiary";
/** The dialog after its simulation. */
const READY = '[role="dialog"] .cds--modal-footer .cds--btn--danger:not([disabled])';

/** Resolves to the time, since the page's navigation, at which an element that matches is painted. */
const painted = (page, selector) =>
  page.evaluate(
    (selector) =>
      new Promise((done) => {
        const look = () => {
          if (!document.querySelector(selector)) return requestAnimationFrame(look);
          requestAnimationFrame(() => done(performance.now()));
        };
        look();
      }),
    selector,
  );

/** Clicks an element, and resolves to the time until one that matches the selector is painted. */
async function after(element, selector) {
  const start = await element.evaluate((element) => {
    const now = performance.now();
    element.click();
    return now;
  });
  return (await painted(element.page(), selector)) - start;
}

/** Opens a page, and resolves to the time until its first row when the page has loaded everything. */
async function opened(page, path) {
  await page.goto(`${base}${path}`, { waitUntil: "commit" });
  const time = await painted(page, FIRST_ROW);
  await page.waitForLoadState("networkidle");
  return time;
}

const PAGES = {
  "users": "/users",
  "users, a search": "/users?q=user-99",
  "users, sorted by name": "/users?sort=-name",
  "authorizations": "/authorizations",
  "authorizations, a search": "/authorizations?q=resource-99",
  "authorizations, filtered by type and owner": "/authorizations?type=PROCESS_DEFINITION&owner=user-42&ownerType=USER",
  "authorizations, the last page of 100": "/authorizations?size=100&page=1000",
};

const median = (times) => times.sort((one, other) => one - other)[Math.floor(times.length / 2)];

export const tasks = {
  async first_rows_and_bulk_changes_are_timed(browser) {
    const { page, context, close } = await open(browser);
    await signIn(page);
    const tools = await context.newCDPSession(page);
    await tools.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
    const print = (measure, name, times) =>
      console.log([measure, name, Math.round(median(times)), Math.round(Math.max(...times))].join("\t"));
    for (const [name, path] of Object.entries(PAGES)) {
      await opened(page, path); // The assets of the page get into the cache.
      const times = [];
      for (let run = 0; run < RUNS; run++) times.push(await opened(page, path));
      print("first row", name, times);
    }
    for (const [name, path] of [
      ["users", "/users?size=100&q=user-"],
      ["authorizations", "/authorizations?size=100&q=resource-"],
    ]) {
      const [selected, simulated] = [[], []];
      for (let run = 0; run < RUNS; run++) {
        await opened(page, path);
        selected.push(await after(page.locator("thead input[type=checkbox]"), SELECTED));
        simulated.push(await after(page.locator(REMOVE).last(), READY));
      }
      print("a page selected", `100 ${name}`, selected);
      print("a deletion simulated", `100 ${name}`, simulated);
    }
    await close();
  },
};
