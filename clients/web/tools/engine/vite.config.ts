import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));

export default defineConfig({
  root: here,
  build: {
    outDir: process.env['GRIDWARDEN_WEB_OUT'] ?? `${here}../../../../build/browser/engine`,
    emptyOutDir: true,
    lib: { entry: `${here}entry.ts`, formats: ['es'], fileName: () => 'engine.js' },
  },
});
