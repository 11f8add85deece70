import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLineWriter } from './line-writer.ts';
import { createLogger, LOG_LEVELS, type LogEntry, type Logger, type LogLevel } from './log.ts';
import { LogFile, readTail } from './log-file.ts';
import { createMask } from './mask.ts';

/** Where every log line of the hub and its plugins goes: stderr, `<data>/logs/<id>.log`, memory for the page. */
export interface LogBook {
  /** A logger whose lines carry `plugin` (`hub` for the core's own). */
  logger(plugin: string): Logger;
  write(entry: LogEntry): void;
  /** The newest lines, oldest first. `level` is the least grave one wanted. */
  query(query?: { plugin?: string; level?: LogLevel; limit?: number }): readonly LogEntry[];
  /** Calls back with every line that is written, already masked. Answers how to end that. */
  onEntry(listener: (entry: LogEntry) => void): () => void;
  /** The least grave level that is written for a plugin; `info` unless set. */
  setLevels(levels: Readonly<Record<string, LogLevel>>): void;
  /** From now on `values` are hidden in every line; a second call with the same `source` replaces the first one's. */
  hide(source: string, values: readonly string[]): void;
  close(): Promise<void>;
}

export interface LogBookOptions {
  readonly folder: string;
  /** Takes the lines for people; default stderr. */
  readonly print?: (line: string) => void;
  readonly now?: () => number;
  /** A log file is turned over at this size; three old ones are kept. */
  readonly maxFileBytes?: number;
}

const KEPT_IN_MEMORY = 500;
const LONGEST_MESSAGE = 8192;
const LAST_LINES_MS = 500;
/** A plugin may write this many lines at once, and this many a second for long. */
const BURST = 1000;
const LINES_PER_SECOND = 100;

export function createLogBook(options: LogBookOptions): LogBook {
  const now = options.now ?? Date.now;
  const people = createLineWriter(process.stderr.fd);
  const print = options.print ?? people.write;
  const hidden = new Map<string, readonly string[]>();
  const channels = new Map<string, Channel>();
  const listeners = new Set<(entry: LogEntry) => void>();
  let levels: Readonly<Record<string, LogLevel>> = {};
  let mask = createMask([]);

  const channel = (plugin: string): Channel => {
    const known = channels.get(plugin);
    if (known) return known;
    const file = new LogFile(join(options.folder, `${plugin}.log`), options.maxFileBytes, (problem) =>
      print(`${formatLine({ time: now(), level: 'error', plugin: 'hub', message: problem })}\n`),
    );
    const created = {
      file,
      recent: readTail(file.path, KEPT_IN_MEMORY),
      allowance: BURST,
      countedAt: now(),
      dropped: 0,
    };
    channels.set(plugin, created);
    return created;
  };

  const emit = (to: Channel, entry: LogEntry) => {
    to.recent.push(entry);
    if (to.recent.length > KEPT_IN_MEMORY) to.recent.shift();
    to.file.append(`${JSON.stringify(entry)}\n`);
    print(`${formatLine(entry)}\n`);
    for (const listener of listeners) listener(entry);
  };

  const write = (entry: LogEntry) => {
    if (isBelow(entry.level, levels[entry.plugin] ?? 'info')) return;
    const to = channel(entry.plugin);
    if (!spend(to, now())) {
      to.dropped += 1;
      return;
    }
    if (to.dropped > 0) {
      const message = `${to.dropped} lines left out: more than ${LINES_PER_SECOND} a second`;
      to.dropped = 0;
      emit(to, { time: entry.time, level: 'warn', plugin: entry.plugin, message });
    }
    emit(to, { ...entry, message: shorten(mask(entry.message)) });
  };

  const knownPlugins = () => {
    const written = readdirSync(options.folder).flatMap((name) => /^([^.]+)\.log$/.exec(name)?.[1] ?? []);
    return new Set([...channels.keys(), ...written]);
  };

  return {
    logger: (plugin) => createLogger(plugin, write, now),
    write,
    query({ plugin, level = 'debug', limit = 200 } = {}) {
      const plugins = plugin === undefined ? [...knownPlugins()] : knownPlugins().has(plugin) ? [plugin] : [];
      return plugins
        .flatMap((id) => channel(id).recent)
        .filter((entry) => !isBelow(entry.level, level))
        .sort((a, b) => a.time - b.time)
        .slice(-limit);
    },
    onEntry(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    setLevels(next) {
      levels = next;
    },
    hide(source, values) {
      hidden.set(source, values);
      mask = createMask([...hidden.values()].flat());
    },
    async close() {
      await Promise.all([...channels.values()].map((each) => each.file.close()));
      // A terminal that is held must not hold up the stop.
      await Promise.race([people.drained(), sleep(LAST_LINES_MS, undefined, { ref: false })]);
    },
  };
}

interface Channel {
  readonly file: LogFile;
  readonly recent: LogEntry[];
  allowance: number;
  countedAt: number;
  dropped: number;
}

/** A token bucket: a flood costs the flooder its own lines and nobody else anything. */
function spend(channel: Channel, time: number): boolean {
  const earned = (Math.max(0, time - channel.countedAt) / 1000) * LINES_PER_SECOND;
  channel.allowance = Math.min(BURST, channel.allowance + earned);
  channel.countedAt = time;
  if (channel.allowance < 1) return false;
  channel.allowance -= 1;
  return true;
}

function isBelow(level: LogLevel, least: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least);
}

function shorten(message: string): string {
  const rest = message.length - LONGEST_MESSAGE;
  return rest > 0 ? `${message.slice(0, LONGEST_MESSAGE)}... (${rest} more characters)` : message;
}

/** `2026-11-22 18:15:28 WARN  acurite  no report for 60 s`, in UTC like the files. */
export function formatLine(entry: LogEntry): string {
  const time = new Date(entry.time).toISOString().slice(0, 19).replace('T', ' ');
  // A control character in a plugin's line could rewrite what the terminal shows.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const text = entry.message.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '?').replaceAll('\n', '\n    ');
  return `${time} ${entry.level.toUpperCase().padEnd(5)} ${entry.plugin}: ${text}`;
}
