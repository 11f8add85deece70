import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Store } from 'cupboard/sdk';
import type { Request, Response, Router } from 'express';
import { type Line, LineSplitter } from '../lines.ts';
import { findBoot } from './index-store.ts';
import type { Recording } from './recording.ts';

/** Part of a recording, in offsets. */
interface Range {
  readonly recording: Recording;
  readonly from: number;
  readonly to: number;
}

/**
 * `record/<console>.raw`: the bytes as they came; `record/<console>.txt`: the lines cleaned, with `times=1` after their
 * times. `from` and `to` (epoch ms or ISO 8601) or `boot` (an id) choose a part.
 */
export function serveRecordings(router: Router, store: Store, recordings: ReadonlyMap<string, Recording>): void {
  const serve = (write: (range: Range, request: Request) => AsyncIterable<Buffer | string>, type: string) => {
    return async (request: Request, response: Response) => {
      const name = String(request.params['console']);
      const recording = recordings.get(name);
      const range = recording && rangeOf(recording, name, request.query, store);
      if (!range) {
        response.status(recording ? 400 : 404).type('text/plain');
        response.send(recording ? 'expected from and to as times, or boot as the id of a boot\n' : 'no such console\n');
        return;
      }
      response.type(type).attachment(`${name}.${type === 'text/plain' ? 'txt' : 'raw'}`);
      await pipeline(Readable.from(write(range, request)), response);
    };
  };
  router.get('/record/:console.raw', serve(rawBytes, 'application/octet-stream'));
  router.get('/record/:console.txt', serve(textLines, 'text/plain'));
}

function rangeOf(recording: Recording, name: string, query: Request['query'], store: Store): Range | undefined {
  const { log, index, recorder } = recording;
  recorder?.writeIndex();
  if (query['boot'] !== undefined) {
    const boot = findBoot(store, Number(query['boot']));
    return boot?.console === name ? { recording, from: boot.offset, to: boot.end ?? log.end } : undefined;
  }
  const [from, to] = [timeOf(query['from']), timeOf(query['to'])];
  if (Number.isNaN(from) || Number.isNaN(to)) return undefined;
  const offset = (time: number | undefined) => (time === undefined ? undefined : (index.offsetAt(time) ?? log.end));
  return { recording, from: offset(from) ?? log.start, to: offset(to) ?? log.end };
}

/** Epoch ms or ISO 8601; NaN where it is neither. */
function timeOf(text: unknown): number | undefined {
  if (text === undefined) return undefined;
  return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : Date.parse(String(text));
}

const rawBytes = ({ recording, from, to }: Range) => recording.log.read(from, to);

async function* textLines({ recording, from, to }: Range, request: Request): AsyncGenerator<string> {
  const withTimes = request.query['times'] !== undefined;
  let lines: Line[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), from);
  const text = () => {
    const written = lines.map((line) => `${withTimes ? `${timeText(recording, line)} ` : ''}${line.text}\n`).join('');
    lines = [];
    return written;
  };
  for await (const bytes of recording.log.read(from, to)) {
    splitter.push(bytes);
    yield text();
  }
  splitter.end();
  yield text();
}

function timeText({ index }: Recording, line: Line): string {
  const time = index.lineTime(line.offset);
  return time === undefined ? '-' : new Date(time).toISOString();
}
