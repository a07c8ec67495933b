// Unit tests lie beside what they test: packages/<name>/test, apps/<name>/test.
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [vue()],
  test: {
    include: ['{packages,apps}/*/test/**/*.test.ts'],
    // A test that needs a document says so: // @vitest-environment happy-dom
    environment: 'node',
    setupFiles: ['fake-indexeddb/auto'],
    passWithNoTests: false,
    restoreMocks: true,
  },
});
