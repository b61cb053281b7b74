// Runs one task: node run.mjs FILE TASK. Environment: IDENTITY_URL and CHROMIUM.

import { launch } from "./browser.mjs";

const [file, task] = process.argv.slice(2);
const { tasks } = await import(`./${file}.mjs`);
const browser = await launch();
try {
  await tasks[task](browser);
  console.log("done");
} finally {
  await browser.close();
}
