import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AUTHORITY } from '../../tls/tls.ts';
import { HttpProblem } from '../problem.ts';
import { defineRoute, Reply, type Route } from '../route.ts';

/** The house's certificate authority, for the devices that are to trust it. It is public by nature. */
export function certificateRoute(dataDir: string): Route {
  return defineRoute({
    method: 'get',
    path: '/ca.crt',
    summary: "The certificate authority of this house, to be installed on devices that should trust the hub's TLS",
    access: 'public',
    texts: ['application/x-x509-ca-cert'],
    problems: [404],
    handle: async () => {
      const certificate = await readFile(join(dataDir, AUTHORITY), 'utf8').catch(() => {
        throw new HttpProblem(
          404,
          'no_authority',
          'this hub has no certificate authority: cupboard tls init makes one',
        );
      });
      return new Reply(certificate, { type: 'application/x-x509-ca-cert' });
    },
  });
}
