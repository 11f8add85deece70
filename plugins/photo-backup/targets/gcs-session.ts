import type { FileMetadata } from '@google-cloud/storage';
import { deadline } from 'cupboard/sdk';
import { TargetError } from './errors.ts';

const ANSWER_MS = 30_000;

/** How far an upload session has come. */
export type Position =
  | { readonly offset: number }
  | { readonly finished: FileMetadata }
  /** Sessions live about a week. */
  | { readonly gone: true };

/**
 * Asks a resumable upload how many bytes have arrived. The library asks too, but then reads all that came before from the
 * file again at the rate of the upload. The address of a session is its own credential. @throws TargetError
 */
export async function resumablePosition(uri: string, size: number, signal: AbortSignal): Promise<Position> {
  const response = await fetch(uri, {
    method: 'PUT',
    headers: { 'content-range': `bytes */${size}` },
    // 308 means "resume here", and is no redirection.
    redirect: 'manual',
    signal: deadline(ANSWER_MS, signal),
  });
  if (response.ok) return { finished: (await response.json()) as FileMetadata };
  await response.body?.cancel();
  if (response.status === 308) {
    const last = /bytes=0-(\d+)/.exec(response.headers.get('range') ?? '')?.[1];
    return { offset: last === undefined ? 0 : Number(last) + 1 };
  }
  if (response.status >= 400 && response.status < 500 && response.status !== 429) return { gone: true };
  throw new TargetError('unreachable', `the upload session answers ${response.status}`);
}
