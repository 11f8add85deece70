import { join } from 'node:path';
import { errorText, type Hub, type Store } from 'cupboard/sdk';
import type { Config } from './config.ts';
import { type Console, openConsole } from './console.ts';
import { ConsoleIndex, consoleNames, lastBootId } from './recorder/index-store.ts';
import { RawLog } from './recorder/raw-log.ts';
import { Recorder } from './recorder/recorder.ts';
import type { Recording } from './recorder/recording.ts';
import { clearTopics, consoleTopics } from './topics.ts';

/** Seconds between two times that the bytes written are brought to the disk: what a power cut may cost. */
const FLUSH_SECONDS = 0.5;
/** Seconds between two writes of the index, which can be made again from the bytes. */
const INDEX_SECONDS = 2;
/** Seconds after midnight at which the count of the day begins anew, at most. */
const MIDNIGHT_SECONDS = 60;
const MB = 1_000_000;

/** All consoles, each with its recorder and its topics. */
export interface Station {
  readonly consoles: ReadonlyMap<string, Console>;
  /** By name. */
  readonly recordings: ReadonlyMap<string, Recording>;
  close(): Promise<void>;
}

/** Opens every console of the config; each is recorded from the first byte on. */
export async function openStation(hub: Hub<Config>, store: Store): Promise<Station> {
  const recordings = new Map<string, Recording>();
  const formerNames = consoleNames(store).filter((name) => !(name in hub.config.consoles));
  for (const name of formerNames) recordings.set(name, { ...openRecording(hub, store, name), recorder: undefined });
  clearTopics(hub, formerNames);

  let bootId = lastBootId(store);
  const opened: Awaited<ReturnType<typeof openRecorded>>[] = [];
  for (const id of Object.keys(hub.config.consoles)) {
    const one = await openRecorded(hub, openRecording(hub, store, id), () => ++bootId);
    recordings.set(id, one.recording);
    opened.push(one);
  }
  const tellHub = () => tellState(hub, [...consoles.values()]);
  const consoles = new Map(opened.map(({ console }) => [console.id, console] as const));
  for (const console of consoles.values()) console.onPort(tellHub);
  tellHub();
  return {
    consoles,
    recordings,
    close: async () => void (await Promise.all(opened.map(({ close }) => close()))),
  };
}

function openRecording(hub: Hub<Config>, store: Store, name: string) {
  const log = new RawLog(join(hub.dataDir, 'record', name));
  return { log, index: new ConsoleIndex(store, name, hub.config.keep_boots) };
}

/** One console with its recorder; nothing it does reaches the others. */
async function openRecorded(hub: Hub<Config>, { log, index }: Omit<Recording, 'recorder'>, nextBootId: () => number) {
  const settings = hub.config.consoles[index.name];
  if (!settings) throw new Error(`no console ${index.name}`);
  const topics = consoleTopics(hub, index.name);
  const localDate = dateIn(hub.timezone);
  const recorder = new Recorder({
    log,
    index,
    keepBytes: settings.keep_mb * MB,
    nextBootId,
    localDate,
    onEvent: topics.event,
    onLine: topics.line,
  });
  await recorder.catchUp();
  const console = openConsole(index.name, settings, hub);
  console.onBytes((bytes, time) => recorder.push(bytes, time));

  const report = () => {
    const { phase, boot } = recorder;
    topics.report(console, { phase, boot, bootsToday: recorder.bootsOn(localDate(Date.now())) });
  };
  const flush = async () => {
    if (recorder.takeChanged()) report();
    await recorder.flush();
  };
  const writeIndex = async () => {
    recorder.writeIndex();
    await recorder.trim();
  };
  console.onPort(report);
  hub.every(MIDNIGHT_SECONDS, report);
  hub.every(FLUSH_SECONDS, tolerant(hub, 'the recording has gaps', flush));
  hub.every(INDEX_SECONDS, tolerant(hub, 'the search index is not written', writeIndex));
  const close = async () => {
    await console.closed;
    recorder.close();
  };
  return { console, recording: { log, index, recorder }, close };
}

/** Says once that the disk takes nothing, and once that it does again. */
function tolerant(hub: Hub<Config>, what: string, task: () => Promise<void>): () => Promise<void> {
  let failing = false;
  return async () => {
    try {
      await task();
      if (failing) hub.log.info(`no longer: ${what}`);
      failing = false;
    } catch (error) {
      if (!failing && !hub.signal.aborted) hub.log.error(`${what}: ${errorText(error)}`);
      failing = true;
    }
  };
}

/** The date of a time in a time zone, `2026-11-22`. */
function dateIn(timeZone: string): (time: number) => string {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  return (time) => format.format(time);
}

/** The plugin waits while it hears nothing at all. */
function tellState(hub: Hub<Config>, consoles: readonly Console[]): void {
  const [first] = consoles;
  if (!first) {
    hub.waiting('no console is configured', 'Choose a port on the page, or add one under consoles.');
  } else if (consoles.some(({ port }) => port.state === 'open')) {
    hub.ready();
  } else if (first.port.state !== 'open') {
    hub.waiting(`${first.id}: ${first.port.state}: ${first.port.reason}`, first.port.advice);
  }
}
