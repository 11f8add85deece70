import { extname, join } from 'node:path';
import type { RequestHandler } from 'express';
import { type Assets, fileBelow } from './assets.ts';

/** The built page. A path that names no file is answered with index.html: the page itself knows its paths. */
export function servePage(folder: string, assets: Assets): RequestHandler {
  return async (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    const file = fileBelow(folder, request.path);
    const isSent =
      (file !== undefined && (await assets.send(request, response, file))) ||
      (isPagePath(request.path) && (await assets.send(request, response, join(folder, 'index.html'))));
    if (!isSent) next();
  };
}

/** A path of the page, such as `/plugins` or `/weather`; not a missing `/x.js` nor a missing route. */
function isPagePath(path: string): boolean {
  return extname(path) === '' && !/^\/(api|metrics|mqtt)(\/|$)/.test(path);
}
