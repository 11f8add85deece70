import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import express, { type Router } from 'express';

export interface PluginServer {
  readonly router: Router;
  close(): Promise<void>;
}

/**
 * The plugin's own HTTP server, on a Unix socket that only the hub's user can open; the hub checks the login and passes
 * what was asked for below `/plugins/<id>/` on to it, under its full path.
 */
export async function openPluginServer(socket: string, id: string): Promise<PluginServer> {
  const app = express();
  app.disable('x-powered-by');
  const router = express.Router();
  app.use(`/plugins/${id}`, router);
  const server = createServer(app);
  rmSync(socket, { force: true }); // of a process that was killed
  server.listen(socket);
  await once(server, 'listening');
  chmodSync(socket, 0o600);
  return {
    router,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
