import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds the API: the development server in `mock/`, or a running `pilotline api`. */
const api = process.env.PILOTLINE_API ?? 'http://127.0.0.1:8181';

export default defineConfig({
  plugins: [svelte()],
  resolve: { alias: { $lib: fileURLToPath(new URL('./src/lib', import.meta.url)) } },
  build: {
    outDir: '../pilotline_api/pages',
    emptyOutDir: true,
    target: 'es2022',
    // A page's policy forbids inline sources, so nothing may be inlined as a data address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: 'es' },
  test: { include: ['src/**/*.test.ts'] },
  server: { proxy: { '/api': { target: api, changeOrigin: false } } },
});
