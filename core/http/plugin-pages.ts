import { createHmac, randomBytes } from 'node:crypto';
import { join, relative } from 'node:path';
import express, { type Request, type Response, type Router } from 'express';
import { bundleModule } from '../plugins/bundle.ts';
import type { PluginDetails } from '../plugins/contract.ts';
import { type Assets, fileBelow } from './assets.ts';
import type { HttpParts } from './contract.ts';
import { type Caller, requireRole } from './gate.ts';
import { SANDBOX } from './headers.ts';
import { HttpProblem } from './problem.ts';
import { forward } from './proxy.ts';

/**
 * `/plugins/<id>/...`: the plugin's panel from its folder with the parts it loads on demand, the frame a third-party
 * panel runs in, and all else from the plugin's own HTTP server.
 *
 * A frame has no origin and so no cookie: the module of its panel is asked for with a key that only a page behind the
 * login is given.
 */
export function pluginPages(
  { plugins, dataDir }: Pick<HttpParts, 'plugins' | 'dataDir'>,
  assets: Assets,
  callerOf: (response: Response) => Caller | undefined,
): Router {
  const secret = randomBytes(32);
  const panelKey = (id: string) => createHmac('sha256', secret).update(id).digest('base64url');
  const requireLogin = ({ method }: Request, response: Response) =>
    requireRole(callerOf(response), method === 'GET' || method === 'HEAD' ? 'viewer' : 'admin');
  const find = (request: Request) => {
    const { id } = request.params as { id: string };
    const found = plugins.find(id);
    if (!found) throw new HttpProblem(404, 'plugin_unknown', `there is no plugin ${JSON.stringify(id)}`);
    return found;
  };

  const router = express.Router({ mergeParams: true });
  router.get(['/panel.js', '/panel.js.map'], async (request, response) => {
    const hasKey = request.query['key'] === panelKey(String((request.params as { id: string }).id));
    if (!hasKey) requireLogin(request, response);
    const found = find(request);
    const file = request.path.endsWith('.map') ? `${panelFile(found)}.map` : await builtPanel(found, dataDir);
    if (!(await assets.send(request, response, file))) throw new HttpProblem(404, 'panel_missing', 'no such file');
  });
  router.get('/panel/:chunk', async (request, response) => {
    requireLogin(request, response);
    const { folder } = find(request);
    const file = fileBelow(join(folder, 'panel'), encodeURIComponent(request.params.chunk));
    const isCode = file !== undefined && /\.js(\.map)?$/.test(file);
    if (!isCode || !(await assets.send(request, response, file))) {
      throw new HttpProblem(404, 'panel_missing', 'no such file');
    }
  });
  router.get('/frame', (request, response) => {
    requireLogin(request, response);
    const found = find(request);
    panelFile(found);
    sendFrame(request, response, found, panelKey(found.row.id));
  });
  router.use(async (request, response) => {
    const caller = requireLogin(request, response);
    const { row } = find(request);
    const socketPath = plugins.httpSocket(row.id);
    if (socketPath === undefined) {
      const reason = row.state === 'running' ? 'serves no pages' : `is ${row.state}`;
      throw new HttpProblem(row.state === 'running' ? 404 : 503, 'plugin_pages_missing', `${row.id} ${reason}`);
    }
    await forward(request, response, { socketPath, path: `/plugins/${row.id}${request.url}`, caller });
  });
  return router;
}

/** The panel's module as the manifest names it. */
function panelFile({ row, manifest, folder }: PluginDetails): string {
  const file = manifest?.panel === undefined ? undefined : fileBelow(folder, encodeURI(manifest.panel));
  if (file === undefined) throw new HttpProblem(404, 'panel_missing', `${row.id} has no panel`);
  return file;
}

/** What the browser runs: what ships with the hub is built, TypeScript that users drop in is not. */
function builtPanel(plugin: PluginDetails, dataDir: string): string | Promise<string> {
  const file = panelFile(plugin);
  const { folder, row } = plugin;
  if (!/\.m?ts$/.test(file)) return file;
  return bundleModule({
    folder,
    entry: relative(folder, file),
    cache: join(dataDir, 'cache', row.id),
    platform: 'browser',
  });
}

function sendFrame(request: Request, response: Response, { row }: PluginDetails, key: string): void {
  // Named, because a document without an origin has none for 'self' to mean. On hub.sock there is no page to show.
  const own = `'self' ${request.headers.host ?? ''}`;
  const policy = [
    SANDBOX,
    "default-src 'none'",
    `script-src ${own}`,
    `style-src ${own} 'unsafe-inline'`,
    `font-src ${own}`,
    'img-src data: blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ');
  response.set('content-security-policy', policy).removeHeader('x-frame-options');
  const module = `/plugins/${row.id}/panel.js?key=${key}`;
  response.type('html').send(`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <title>${escapeHtml(row.name)}</title>
    <script type="module" crossorigin src="/panel-frame.js"></script>
  </head>
  <body data-plugin="${escapeHtml(row.id)}" data-panel="${escapeHtml(module)}"></body>
</html>
`);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
