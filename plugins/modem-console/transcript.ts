import { createReadStream } from 'node:fs';
import type { CommandResult } from 'cupboard/sdk';
import { fitting } from './answer.ts';
import type { Boot, Partition } from './decode/boot.ts';
import { TranscriptDecoder } from './decode.ts';

/**
 * Every boot in a saved transcript.
 * @throws Error of the system when the file cannot be read
 */
export async function decodeFile(path: string): Promise<Boot[]> {
  const boots: Boot[] = [];
  const decoder = new TranscriptDecoder((boot) => boots.push(boot));
  for await (const bytes of createReadStream(path)) decoder.push(bytes as Buffer);
  decoder.end();
  return boots;
}

/** The answer of the command `decode`: boots from number `skip` on, as many as an answer holds. */
export async function answerDecode(path: string, skip: number): Promise<CommandResult> {
  const all = await decodeFile(path);
  const boots = fitting(all.slice(skip));
  const next = skip + boots.length;
  return { ok: true, boots, total: all.length, ...(next < all.length && { next }) };
}

/** The partition map a transcript shows last. */
export async function mapInTranscript(path: string): Promise<readonly Partition[] | undefined> {
  return (await decodeFile(path)).findLast(({ partitions }) => partitions.length > 0)?.partitions;
}
