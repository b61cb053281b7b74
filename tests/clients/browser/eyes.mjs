// Visual checks of a page: accessibility in both themes, and layout on desktop and phone.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";

import AxeBuilder from "@axe-core/playwright";

import { base, until } from "./browser.mjs";
import { isNotGerman } from "./words.mjs";

/** Output directory for screenshots of all pages; unset: none. */
const PICTURES = process.env.PICTURES;
/** Set: screenshots show the whole page, not only the part that fits the window. */
const WHOLE = Boolean(process.env.PICTURES_WHOLE);
if (PICTURES) mkdirSync(PICTURES, { recursive: true });

const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 390, height: 844 };

export async function settled(page) {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await until("the page to be whole", () =>
    page.evaluate(() => !document.querySelector('[aria-busy="true"], .cds--skeleton, .cds--loading')),
  );
}

/** Asserts that axe finds no accessibility violations on the page. */
export async function readable(page, where) {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(" | ")}`);
  assert.deepEqual(found, [], where);
}

/** Asserts that the page is not wider than a phone. The window is as wide as one. */
async function narrow(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= NARROW.width, `${name} is ${wide} pixels wide on a telephone`);
  const cut = await page.locator(".table").evaluateAll((all) => all.map((table) => table.scrollWidth - table.clientWidth));
  assert.ok(cut.every((pixels) => pixels <= 1), `${name}: tables are cut by ${cut} pixels on a telephone`);
}

/** Texts of the page: text nodes, labels, tooltips and placeholders. */
const texts = (page) =>
  page.evaluate(() => {
    const found = new Set();
    for (const element of document.querySelectorAll("body *:not(script, style, noscript, [aria-hidden=true], [aria-hidden=true] *)")) {
      for (const { nodeType, data } of element.childNodes) if (nodeType === Node.TEXT_NODE) found.add(data.trim());
      for (const name of ["aria-label", "title", "placeholder", "alt"]) found.add(element.getAttribute(name)?.trim());
    }
    return [...found].filter(Boolean);
  });

/** Asserts that the page shows no English text and no key of a message. */
async function german(page, name) {
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  const shown = await texts(page);
  if (PICTURES) await writeFile(`${PICTURES}/${name}.txt`, shown.join("\n"));
  assert.deepEqual(shown.filter(isNotGerman), [], `${name} is not in German`);
}

async function picture(page, name) {
  if (!PICTURES) return;
  for (const size of [WIDE, NARROW]) {
    await page.setViewportSize(size);
    await settled(page);
    await page.screenshot({ path: `${PICTURES}/${name}-${size.width}.png`, animations: "disabled", fullPage: WHOLE });
  }
  await page.setViewportSize(WIDE);
}

/** Checks accessibility and layout of the page in both themes, and takes screenshots. */
export async function look(page, name) {
  await settled(page);
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme });
    await until("the theme", () => page.evaluate((theme) => document.documentElement.dataset.theme === theme, colorScheme));
    // Waits for the transitions of colors.
    await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))));
    await readable(page, `${name}, ${colorScheme}`);
    await page.setViewportSize(NARROW);
    await narrow(page, name);
    await page.setViewportSize(WIDE);
  }
  await picture(page, name);
}

/** Checks layout and texts of a page in German, and takes screenshots. */
export async function lookInGerman(page, name) {
  await settled(page);
  await german(page, `${name}-de`);
  await page.setViewportSize(NARROW);
  await narrow(page, name);
  await page.setViewportSize(WIDE);
  await picture(page, `${name}-de`);
}

/** Visits every page of the navigation, and those at `paths`, in German. Takes screenshots named after `prefix`. */
export async function visitInGerman(page, prefix, paths) {
  await page.evaluate(() => localStorage.setItem("identity-language", "de"));
  await page.goto(`${base}/`);
  await settled(page);
  const links = page.locator(".nav-group a");
  const root = new URL(`${base}/`).pathname;
  const hrefs = await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  const navigation = hrefs.map((href) => `/${href.slice(root.length)}`);
  for (const path of ["/", ...navigation, ...paths]) {
    await page.goto(`${base}${path}`);
    await lookInGerman(page, `${prefix}${path.replace(/[^\w]+/g, "-")}`);
  }
  await page.evaluate(() => localStorage.setItem("identity-language", "en"));
}
