import { mkdir } from 'node:fs/promises';
import picomatch from 'picomatch';
import type { Job } from '../contract.ts';
import { unpackTar } from '../unpack.ts';
import type { NodeSession } from './node-session.ts';
import { listFiles, packFiles } from './scripts.ts';

/** Of all names of a workspace. */
const MAX_LIST_BYTES = 64 << 20;

/**
 * Fetches the files of a node's workspace that the job's artifacts and reports name. The node says what it has, the hub
 * chooses, and takes nothing else of what then comes.
 * @throws HubError `too_large` where they are more than a build may keep
 */
export async function fetchFiles(
  session: NodeSession,
  job: Job,
  folder: string,
  maxMb: number,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const globs = [...job.artifacts, ...job.junit];
  if (globs.length === 0) return;
  const matches = picomatch(globs, { dot: true });
  const listed = await session.output(listFiles(session.folder), MAX_LIST_BYTES);
  const wanted = new Set(listed.split('\0').filter((path) => path !== '' && matches(path)));
  if (wanted.size === 0) return;
  const input = [...wanted].map((path) => `${path}\0`).join('');
  const packed = session.stream(packFiles(session.folder), input, signal);
  await unpackTar(packed, folder, maxMb * 1024 * 1024, (path) => wanted.has(path));
}
