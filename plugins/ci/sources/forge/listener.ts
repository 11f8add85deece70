import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorText, HubError, type Logger } from 'cupboard/sdk';
import type { WebhooksConfig } from '../config.ts';
import type { Memory } from '../memory.ts';
import { type Delivery, deliveryId, parseDelivery, signedBody } from './delivery.ts';

export interface Listener {
  /** Port it listens on; differs from the config's 0. */
  readonly port: number;
  close(): Promise<void>;
}

/** Forges cut the list of commits, which is the most of a payload; a push that is refused is seen by polling. */
const MOST_BYTES = 5 * 1024 * 1024;
/** Read into memory at once, before anyone is known to know the secret. */
const MOST_AT_ONCE = 8;
/** How many deliveries are remembered, to drop those that come again. */
const REMEMBERED = 10_000;
const REQUEST_TIMEOUT_MS = 20_000;

/**
 * Listens for webhooks. Nothing of a request is parsed before its signature was verified.
 * @param handle told once of each delivery; `false` = of no repository that we know
 * @throws HubError `config_invalid` for an empty secret, `listen_failed`
 */
export async function listenForWebhooks(
  config: WebhooksConfig,
  memory: Memory,
  handle: (delivery: Delivery) => Promise<boolean>,
  log: Logger,
): Promise<Listener> {
  // An empty key would make a signature that everyone can make.
  if (config.secret === '') throw new HubError('config_invalid', 'webhooks.secret is empty');
  const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(config.listen) ?? [];
  let reading = 0;
  const server = createServer((request, response) => {
    const answer = async (): Promise<readonly [number, string]> => {
      if (request.method !== 'POST') return [405, 'POST is expected'];
      if (reading >= MOST_AT_ONCE) return [503, 'too many at once'];
      reading++;
      try {
        const body = await readBody(request);
        return body === undefined ? [413, `more than ${MOST_BYTES} bytes`] : await receive(request, body);
      } finally {
        reading--;
      }
    };
    answer()
      .catch((error: unknown) => {
        log.warn(`webhook: ${errorText(error)}`);
        return [500, 'it could not be handled: send it again'] as const;
      })
      .then(([status, text]) => send(response, status, text))
      .catch((error: unknown) => log.warn(`webhook: ${errorText(error)}`));
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = 64;

  const busy = new Set<string>();
  async function receive({ headers }: IncomingMessage, body: Buffer): Promise<readonly [number, string]> {
    const signed = signedBody(headers, body, config.secret);
    if (signed === undefined) {
      log.warn('webhook: refused, its signature is missing or wrong');
      return [401, 'the signature is missing or wrong'];
    }
    // The id is not signed: whoever replays a body can change it, hence also the body itself.
    const digest = `delivery ${createHash('sha256').update(signed).digest('hex')}`;
    const id = deliveryId(headers);
    const keys = id === undefined ? [digest] : [digest, `delivery ${id}`];
    if (keys.some((key) => busy.has(key) || memory.get(key) !== undefined)) return [200, 'had it before'];
    for (const key of keys) busy.add(key);
    try {
      const payload = parsed(signed);
      if (payload === undefined) return [400, 'JSON is expected'];
      const delivery = parseDelivery(headers, payload);
      const isKnown = delivery !== undefined && (await handle(delivery));
      // Remembered when it is done: what failed may be sent again.
      for (const key of keys) memory.set(key, '');
      memory.prune('delivery ', REMEMBERED);
      return isKnown ? [202, 'taken'] : [202, 'nothing to do'];
    } finally {
      for (const key of keys) busy.delete(key);
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new HubError('listen_failed', `webhooks.listen: ${errorText(error)}`, { cause: error })),
    );
    server.listen(Number(port), host.replace(/^\[|\]$/g, ''), resolve);
  });
  server.on('error', (error) => log.warn(`webhooks: ${errorText(error)}`));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** `undefined` = too long; the rest is read and dropped, so that the sender gets the answer. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  if (Number(request.headers['content-length'] ?? 0) > MOST_BYTES) {
    request.resume();
    return undefined;
  }
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MOST_BYTES) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size > MOST_BYTES ? undefined : Buffer.concat(chunks);
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  response.end(`${text}\n`);
}
