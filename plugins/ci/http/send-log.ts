import { once } from 'node:events';
import type { Request, Response } from 'express';
import type { LogView } from '../view.ts';
import { parseRange } from './log-range.ts';
import { findLines } from './search-log.ts';

/** What is read of a request, whatever its path has. */
export type Asked = Pick<Request, 'headers' | 'method' | 'query'>;

/**
 * A log as text: whole, by range, or with `?follow` from the byte given there on for as long as it grows. However large
 * it is, no more than one chunk of it is in memory: a reader that is slower than the disk holds the reading back.
 */
export async function sendLog(request: Asked, response: Response, log: LogView): Promise<void> {
  response.set({
    'content-type': 'text/plain; charset=utf-8',
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
    ...(request.query['download'] !== undefined && { 'content-disposition': 'attachment; filename="console.log"' }),
  });
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const { follow } = request.query;
  if (follow !== undefined) return write(response, log.follow(Number(follow) || 0, gone.signal), gone.signal);
  const range = parseRange(request.headers.range, log.size);
  if (range === 'unsatisfiable') {
    return void response.status(416).set('content-range', `bytes */${log.size}`).end();
  }
  const { from, to } = range ?? { from: 0, to: log.size };
  if (range) response.status(206).set('content-range', `bytes ${from}-${to - 1}/${log.size}`);
  response.set('content-length', String(to - from));
  if (request.method === 'HEAD') return void response.end();
  await write(response, log.read(from, to), gone.signal);
}

/** `?q=words`: the lines that have it, with their places, from byte `from` on, a few at a time. */
export async function sendFound(request: Asked, response: Response, log: LogView): Promise<void> {
  const wanted = String(request.query['q'] ?? '');
  const from = Math.min(Number(request.query['from']) || 0, log.size);
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.json(await findLines(log.read(from, log.size), wanted, from, gone.signal));
}

async function write(response: Response, chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  response.flushHeaders();
  for await (const chunk of chunks) {
    if (signal.aborted) return;
    if (!response.write(chunk)) await once(response, 'drain', { signal }).catch(() => undefined);
  }
  response.end();
}
