import { createReadStream } from 'node:fs';
import type { CommandResult } from 'cupboard/sdk';
import { answerBudget } from './answer.ts';
import type { Boot, Partition } from './decode/boot.ts';
import { TranscriptDecoder } from './decode.ts';

/**
 * Every boot in a saved transcript, one after the other: a boot loop of gigabytes fits no memory.
 * @throws Error of the system when the file cannot be read
 */
async function eachBoot(path: string, onBoot: (boot: Boot) => void): Promise<void> {
  const decoder = new TranscriptDecoder(onBoot);
  for await (const bytes of createReadStream(path)) decoder.push(bytes as Buffer);
  decoder.end();
}

/** The answer of the command `decode`: boots from number `skip` on, as many as an answer holds. */
export async function answerDecode(path: string, skip: number): Promise<CommandResult> {
  const boots: Boot[] = [];
  const fits = answerBudget();
  let total = 0;
  await eachBoot(path, (boot) => {
    if (total >= skip && fits(boot)) boots.push(boot);
    total += 1;
  });
  const next = skip + boots.length;
  return { ok: true, boots, total, ...(next < total && { next }) };
}

/** The partition map a transcript shows last. */
export async function mapInTranscript(path: string): Promise<readonly Partition[] | undefined> {
  let map: readonly Partition[] | undefined;
  await eachBoot(path, ({ partitions }) => {
    if (partitions.length > 0) map = partitions;
  });
  return map;
}
