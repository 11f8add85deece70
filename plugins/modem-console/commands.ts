import type { CommandResult, Hub, Requester, Store } from 'cupboard/sdk';
import { fitting } from './answer.ts';
import type { Config } from './config.ts';
import { diffBoots } from './diff.ts';
import { resolveFile } from './files.ts';
import { type FlashRequest, flashCommand } from './flash.ts';
import { type HeaderRequest, headerCommand } from './header.ts';
import { type Line, LineSplitter } from './lines.ts';
import { findBoot, recordedBoots } from './recorder/index-store.ts';
import type { Recording } from './recorder/recording.ts';
import { type Question, searchLines } from './recorder/search.ts';
import type { Station } from './station.ts';
import { answerDecode, mapInTranscript } from './transcript.ts';

/** Lines of a boot that are compared; a modem may run for months after it. */
const MOST_DIFF_BYTES = 2 * 1024 * 1024;
/** Lines on each side of an answer. */
const MOST_DIFF_LINES = 500;

/** The commands that ask: none of them sends anything to a console. */
export function addCommands(hub: Hub<Config>, store: Store, { recordings }: Station): void {
  const settle = () => {
    for (const { recorder } of recordings.values()) recorder?.writeIndex();
  };
  const resolve = (file: string, from: Requester) => resolveFile(hub.dataDir, file, from);

  hub.command<{ file: string; skip: number }>('decode', ({ file, skip }, from) =>
    answerDecode(resolve(file, from), skip),
  );
  hub.command<{ console?: string; limit: number }>('boots', (question) => {
    settle();
    return { ok: true, boots: fitting(recordedBoots(store, question).map(({ offset: _, ...boot }) => boot)) };
  });
  hub.command<{ a: number; b: number }>('diff', ({ a, b }) => {
    settle();
    return answerDiff(store, recordings, a, b);
  });
  hub.command<Question>('search', (question) => {
    const lines = searchLines(store, recordings, question);
    return lines
      ? { ok: true, lines: fitting(lines) }
      : { ok: false, error: 'no word to look for', expected: 'letters or digits', got: question.text };
  });
  hub.command<HeaderRequest>('header', (request, from) => headerCommand(request, (file) => resolve(file, from)));
  hub.command<FlashRequest & { transcript?: string }>('flash', async ({ transcript, ...request }, from) => {
    settle();
    const map = transcript === undefined ? newestMap(store) : await mapInTranscript(resolve(transcript, from));
    return flashCommand(request, map, (file) => resolve(file, from));
  });
}

async function answerDiff(
  store: Store,
  recordings: ReadonlyMap<string, Recording>,
  a: number,
  b: number,
): Promise<CommandResult> {
  const [first, second] = [findBoot(store, a), findBoot(store, b)];
  if (!first || !second) {
    return { ok: false, error: 'no such boot', expected: 'an id of the command boots', got: first ? b : a };
  }
  const lines = await Promise.all(
    [first, second].map(({ console, offset, end }) => bootLines(recordings.get(console), offset, end)),
  );
  const { changed, only_a, only_b } = diffBoots(first.boot, lines[0] ?? [], second.boot, lines[1] ?? []);
  const shown = [only_a, only_b].map((all) => fitting(all.slice(0, MOST_DIFF_LINES)));
  const left_out = only_a.length + only_b.length - shown.flat().length;
  return { ok: true, a, b, changed, only_a: shown[0] ?? [], only_b: shown[1] ?? [], left_out };
}

async function bootLines(recording: Recording | undefined, from: number, end: number | undefined): Promise<string[]> {
  if (!recording) return [];
  const lines: Line[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), from);
  const to = Math.min(end ?? recording.log.end, from + MOST_DIFF_BYTES);
  for await (const bytes of recording.log.read(from, to)) splitter.push(bytes);
  splitter.end();
  return lines.map(({ text }) => text);
}

/** The last partition map that any console has shown. */
function newestMap(store: Store) {
  const boots = recordedBoots(store, { limit: 200 });
  return boots.find(({ boot }) => boot.partitions.length > 0)?.boot.partitions;
}
