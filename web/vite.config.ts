import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

/** For `npx vite web`: the page from the sources, all else from a hub that runs. */
const hub = process.env['CUPBOARD_HUB'] ?? 'http://127.0.0.1:8484';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** `build.license` knows the bundled code; the font's licence has to come along too. */
const fontLicence: Plugin = {
  name: 'font-licence',
  generateBundle() {
    const source = readFileSync(file('../node_modules/@fontsource-variable/figtree/LICENSE'));
    this.emitFile({ type: 'asset', fileName: 'figtree-license.txt', source });
  },
};

export default defineConfig({
  // Absolute, because a page may be opened at any depth: /plugin/acurite asks for /assets/..., not /plugin/assets/...
  base: '/',
  plugins: [fontLicence],
  server: { proxy: { '/api': hub, '^/plugins/.': hub, '/mqtt': { target: hub, ws: true } } },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    sourcemap: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    license: { fileName: 'licenses.md' },
    rolldownOptions: {
      input: { index: file('index.html'), 'panel-frame': file('panel-frame.ts') },
      output: {
        // The frame of a panel asks for this by name.
        entryFileNames: ({ name }) => (name === 'panel-frame' ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
});
