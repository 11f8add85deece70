import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { onTestFinished } from 'vitest';

export const ACCOUNT = { id: 'KTEST1', key: 'S3cret+/key' } as const;

/** A fake service: what it stored, what it refused and why. `respond` lets a test play an outage. */
export interface StrictService {
  readonly url: string;
  readonly stored: URLSearchParams[];
  readonly refused: string[];
  respond: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
}

/** A known Weather Underground parameter: the values that the real service can read. */
const NUMBER = /^-?\d+(\.\d+)?$/;
const WUNDERGROUND: Readonly<Record<string, RegExp>> = {
  action: /^updateraw$/,
  ID: /^\w+$/,
  PASSWORD: /./,
  dateutc: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/,
  softwaretype: /./,
  realtime: /^1$/,
  rtfreq: NUMBER,
  ...Object.fromEntries(
    [
      'winddir windspeedmph windgustmph windgustdir windspdmph_avg2m winddir_avg2m windgustmph_10m windgustdir_10m',
      'tempf humidity dewptf baromin rainin dailyrainin indoortempf',
    ]
      .flatMap((names) => names.split(' '))
      .map((name) => [name, NUMBER]),
  ),
};

/** What the PWS upload host answers: wrong account, missing or unreadable parameters are refused as the real one does. */
export async function startWunderground(): Promise<StrictService> {
  return startHttp((request, response, service) => {
    const parameters = new URL(request.url ?? '', 'http://fake').searchParams;
    if (request.method !== 'GET') return answer(response, 405, 'method not allowed');
    if (parameters.get('ID') !== ACCOUNT.id || parameters.get('PASSWORD') !== ACCOUNT.key) {
      service.refused.push('account');
      return answer(response, 401, 'unauthorized');
    }
    const missing = ['action', 'dateutc', 'tempf'].find((name) => !parameters.has(name));
    const unreadable = [...parameters].find(([name, value]) => !WUNDERGROUND[name]?.test(value));
    if (missing !== undefined || unreadable !== undefined) {
      service.refused.push(missing ?? `${unreadable}`);
      return answer(response, 400, 'bad request');
    }
    service.stored.push(parameters);
    return answer(response, 200, 'success\n');
  });
}

/** A host that stores every query and answers as `respond` says. */
export async function startHttp(
  handle: (request: IncomingMessage, response: ServerResponse, service: StrictService) => void,
): Promise<StrictService> {
  const server = createServer((request, response) => {
    if (service.respond?.(request, response) !== true) handle(request, response, service);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const service: StrictService = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/update`,
    stored: [],
    refused: [],
    respond: undefined,
  };
  return service;
}

export function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(body);
}

const APRS_PACKET =
  /^CW\d{4}>APRS,TCPIP\*:@\d{6}z\d{4}\.\d\d[NS]\/\d{5}\.\d\d[EW]_(\d{3}|\.{3})\/(\d{3}|\.{3})g(\d{3}|\.{3})t(\d{3}|-\d\d|\.{3})(r(\d{3}|\.{3}))(p(\d{3}|\.{3}))(P(\d{3}|\.{3}))h(\d\d|\.\.)b(\d{5}|\.{5})\S*$/;

/** An APRS-IS server: greets, wants a login line, then one well-formed packet. */
export async function startAprs(): Promise<{ url: string; packets: string[]; refused: string[] }> {
  const packets: string[] = [];
  const refused: string[] = [];
  const server = createTcpServer((socket) => {
    let isLoggedIn = false;
    socket.write('# aprsc 2.1.15\r\n');
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\r\n').filter((part) => part !== '')) {
        const login = /^user (\S+) pass (\S+) vers \S+ \S+$/.exec(line);
        if (!isLoggedIn && login !== null) {
          isLoggedIn = true;
          socket.write(`# logresp ${login[1]} unverified, server TEST\r\n`);
        } else if (isLoggedIn && APRS_PACKET.test(line)) packets.push(line);
        else refused.push(line);
      }
    });
    socket.on('error', (error) => refused.push(String(error)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, packets, refused };
}
