import { errorText, type Logger } from 'cupboard/sdk';
import { type ErrorRequestHandler, type RequestHandler, type Response, Router } from 'express';
import type { BuildResult } from './contract.ts';
import { findArtifact, listArtifacts, sendArtifact } from './http/artifacts.ts';
import { sendFound, sendLog } from './http/send-log.ts';
import type { BuildFilter, CiView } from './view.ts';

const BUILDS = 50;
const BUILDS_AT_MOST = 500;

/** What the page and people's scripts read below `/plugins/ci/`. Nothing here acts: that is for commands. */
export function ciRoutes(view: CiView, log: Logger): Router {
  const router = Router();
  router.get('/builds', async ({ query }, response) => void response.json(await view.builds(filterOf(query))));
  router.get('/builds/:build', async ({ params: { build } }, response) => {
    const found = isBuild(build) && (await view.build(build));
    if (!found) return refuse(response, 'no such build');
    response.set('cache-control', 'no-store').json(found);
  });
  const buildLog =
    (send: typeof sendLog): RequestHandler<{ build: string }> =>
    async (request, response) => {
      const { build } = request.params;
      const found = isBuild(build) && (await view.log(build));
      if (!found) return refuse(response, 'no log of this build is kept');
      await send(request, response, found);
    };
  router.get('/builds/:build/log', buildLog(sendLog));
  router.get('/builds/:build/log/search', buildLog(sendFound));
  router.get('/builds/:build/artifacts', async ({ params: { build } }, response) => {
    const folder = isBuild(build) ? await view.artifacts(build) : undefined;
    response.json(folder === undefined ? { artifacts: [], more: false } : await listArtifacts(folder));
  });
  router.get('/builds/:build/artifacts/*path', async (request, response) => {
    const { build, path } = request.params;
    const folder = isBuild(build) ? await view.artifacts(build) : undefined;
    const file = folder === undefined ? undefined : await findArtifact(folder, path.join('/'));
    if (file === undefined) return refuse(response, 'no such file');
    sendArtifact(request, response, file);
  });
  router.get('/images/:image/log', async (request, response) => {
    const { image } = request.params;
    const found = isName(image) && (await view.imageLog(image));
    if (!found) return refuse(response, 'no log of this image is kept');
    await sendLog(request, response, found);
  });
  router.get('/changes', async (_request, response) => void response.json(await view.changes()));
  router.get(
    '/jobs.schema.json',
    (_request, response) => void response.type('application/schema+json').send(JSON.stringify(view.jobSchema, null, 2)),
  );
  const fail: ErrorRequestHandler = (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    log.warn(`${request.path}: ${errorText(error)}`);
    response.status(500).json({ error: 'it cannot be read at the moment' });
  };
  return router.use(fail);
}

function filterOf(query: Record<string, unknown>): BuildFilter {
  const text = (name: string) => (typeof query[name] === 'string' && query[name] !== '' ? { [name]: query[name] } : {});
  const before = Number(query['before']);
  return {
    ...text('job'),
    ...text('project'),
    ...text('pipeline'),
    ...text('change'),
    ...(text('result') as { result?: BuildResult }),
    ...(before > 0 && { before }),
    limit: Math.min(Math.max(1, Math.floor(Number(query['limit'])) || BUILDS), BUILDS_AT_MOST),
  };
}

const isBuild = (build: string) => /^[0-9a-f]{32}$/.test(build);
/** Of an image's build: it becomes the name of a file. */
const isName = (name: string) => /^[A-Za-z0-9][\w.-]{0,120}$/.test(name);

function refuse(response: Response, error: string): void {
  response.status(404).set('cache-control', 'no-store').json({ error });
}
