import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Emits gzip copies of scripts and styles at build time, so that the server compresses nothing per request. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        for (const [name, file] of Object.entries(bundle)) {
          if (/\.(js|css)$/.test(name)) {
            const source = file.type === "chunk" ? file.code : file.source;
            this.emitFile({ type: "asset", fileName: `${name}.gz`, source: gzipSync(source, { level: 9 }) });
          }
        }
      },
    },
  };
}

/** Emits the licences of the fonts, which require that they are distributed with them. */
function licences(): Plugin {
  return {
    name: "licences",
    apply: "build",
    generateBundle() {
      const texts = ["sans", "mono"].map((font) => readFileSync(`node_modules/@fontsource/ibm-plex-${font}/LICENSE`, "utf8"));
      this.emitFile({ type: "asset", fileName: "fonts-license.txt", source: texts.join("\n\n") });
    },
  };
}

export default defineConfig({
  // Relative to `<base>`, which the server sets, so that the UI works under any path.
  base: "./",
  plugins: [react(), compressed(), licences()],
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: true },
  css: { preprocessorOptions: { scss: { quietDeps: true } } },
  server: {
    // `npm run dev` forwards API requests to `identity-server dev`.
    proxy: Object.fromEntries(["/api/", "/v2/", "/auth/", "/access/"].map((path) => [path, "http://127.0.0.1:8080"])),
  },
});
