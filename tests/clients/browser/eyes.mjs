// Visual checks of a page: accessibility in both themes, and layout on desktop and phone.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";

import AxeBuilder from "@axe-core/playwright";

import { until } from "./browser.mjs";

/** Output directory for screenshots of all pages; unset: none. */
const PICTURES = process.env.PICTURES;

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

async function picture(page, name) {
  if (!PICTURES) return;
  await mkdir(PICTURES, { recursive: true });
  for (const size of [WIDE, NARROW]) {
    await page.setViewportSize(size);
    await settled(page);
    await page.screenshot({ path: `${PICTURES}/${name}-${size.width}.png`, animations: "disabled" });
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
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= NARROW.width, `${name} is ${wide} pixels wide on a telephone`);
    await page.setViewportSize(WIDE);
  }
  await picture(page, name);
}
