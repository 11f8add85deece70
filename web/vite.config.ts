import { defineConfig } from 'vite';

export default defineConfig({
  // Absolute, because a page may be opened at any depth: /plugin/acurite asks for /assets/..., not /plugin/assets/...
  base: '/',
  build: { outDir: '../dist/web', emptyOutDir: true, sourcemap: true, target: 'es2022', assetsInlineLimit: 0 },
});
