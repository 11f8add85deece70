import { createServer } from 'node:http';
import { isIPv6 } from 'node:net';
import type { RunProgram } from 'cupboard/sdk';
import { isPublicV6, type OutsideAnswer } from '../outside.ts';
import { tcpConnect } from '../tcp.ts';

const USAGE = `usage: responder PORT TOKEN
Answers, on a machine outside, whether TCP connections to your own addresses can be opened from there.`;
const MOST_TARGETS = 64;
const MOST_BODY = 16_384;
const CONNECT_TIMEOUT_MS = 3000;

/** `cupboard run ipv6-watchdog responder PORT TOKEN` on another machine. */
const program: RunProgram = ({ args: [port = '', token = ''] }) => {
  if (!/^\d{1,5}$/.test(port) || token.length < 16) {
    console.error(`${USAGE}\nexpected a port and a token of 16 or more characters`);
    return 2;
  }
  const server = createServer(async (request, response) => {
    if (request.headers.authorization !== `Bearer ${token}`) return void response.writeHead(401).end();
    const body = (await request.toArray()).join('').slice(0, MOST_BODY);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(await tryAll(body)));
  });
  server.listen(Number(port), '::');
  console.error(`listening on port ${port}; end with Ctrl-C`);
  return new Promise((resolve) => {
    const end = () => server.close(() => resolve(0));
    process.once('SIGINT', end).once('SIGTERM', end);
    server.on('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
  });
};
export default program;

async function tryAll(body: string): Promise<OutsideAnswer> {
  const lines = body.split('\n').filter(Boolean).slice(0, MOST_TARGETS);
  const results = await Promise.all(
    lines.map(async (line) => {
      const [address = '', port = ''] = line.split(' ');
      // It must not become a way to look into the network it stands in.
      if (!isIPv6(address) || !isPublicV6(address) || !/^\d{1,5}$/.test(port))
        return { address, port: Number(port), result: 'not tested' as const };
      const never = new AbortController().signal;
      const opened = await tcpConnect({ address, port: Number(port) }, CONNECT_TIMEOUT_MS, never, undefined, false);
      return { address, port: Number(port), result: opened === undefined ? ('closed' as const) : ('open' as const) };
    }),
  );
  return { results };
}
