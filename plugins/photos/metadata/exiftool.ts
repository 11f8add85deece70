import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { errorText } from 'cupboard/sdk';
import type { ExifTool as VendoredExifTool } from 'exiftool-vendored';
import type { Tags } from './description.ts';
import type { TagValues } from './tags.ts';

/** There is no ExifTool, or no perl to run it. */
export class ExifToolMissingError extends Error {
  readonly advice = 'sudo apt install libimage-exiftool-perl';
}

/** ExifTool refused a file or a value; the message is its own. */
export class ExifToolError extends Error {}

/** One ExifTool process, started when it is first needed. */
export interface ExifTool {
  /** Its version, as a number: 13.59. @throws ExifToolMissingError */
  version(): Promise<number>;
  /**
   * The tags of a file as `-json -G1 -n` gives them.
   * @param options what to read and how: `-XMP-dc:all`, `-fast2`
   * @throws ExifToolMissingError ExifToolError
   */
  read(path: string, options: readonly string[]): Promise<Tags>;
  /**
   * Writes `path` with the tags changed to the new file `output`; `path` stays as it is.
   * @returns what ExifTool warned of
   * @throws ExifToolMissingError ExifToolError
   */
  write(path: string, output: string, tags: TagValues, options?: readonly string[]): Promise<readonly string[]>;
  /** Makes a metadata file (`.xmp`) that holds nothing but the tags. @throws ExifToolMissingError ExifToolError */
  create(output: string, tags: TagValues): Promise<readonly string[]>;
  /** Ends the process. */
  end(): Promise<void>;
}

/** Long enough to copy a video of 4 GB from and to a slow disk. */
const TASK_TIMEOUT_MS = 15 * 60_000;
const PROBE_TIMEOUT_MS = 20_000;
/** The library's words for a process that ended with a task in hand. */
const DIED = /^Process terminated before task completed/;
const READY = /^\{ready\}$/m;

/**
 * The ExifTool to use.
 * @param program path or name of an ExifTool; empty: the one that came with the hub, else `exiftool` of the system
 */
export function createExifTool(program = ''): ExifTool {
  let opened: Promise<Opened> | undefined;
  const open = () => {
    opened ??= openFirst(program === '' ? candidates() : [[program]]).catch((error) => {
      opened = undefined; // it may be installed while the hub runs
      throw error;
    });
    return opened;
  };

  const write = async (path: string, tags: TagValues, options: readonly string[]) => {
    const { tool } = await open();
    const result = await tool
      .write(path, escaped(tags) as object, { writeArgs: [...options], useMWG: false, ignoreMinorErrors: false })
      .catch((error: unknown) => Promise.reject(translated(error, path)));
    if (result.created + result.updated === 0) {
      throw new ExifToolError(result.warnings?.join('; ') ?? 'ExifTool wrote nothing');
    }
    return result.warnings ?? [];
  };

  return {
    version: async () => (await open()).version,
    read: async (path, options) => {
      const { tool } = await open();
      const read = () => tool.readRaw(path, { readArgs: ['-json', '-G1', '-n', ...options], useMWG: false });
      // A process that died is replaced, but what it was asked last is not asked again by itself.
      const tags = read().catch((error: unknown) => (DIED.test(errorText(error)) ? read() : Promise.reject(error)));
      return (await tags.catch((error: unknown) => Promise.reject(translated(error, path)))) as unknown as Tags;
    },
    write: (path, output, tags, options = []) => write(path, tags, [...options, '-o', output]),
    create: (output, tags) => write(output, tags, []),
    end: async () => {
      const running = await opened?.catch(() => undefined);
      opened = undefined;
      await running?.tool.end();
    },
  };
}

interface Opened {
  readonly tool: VendoredExifTool;
  readonly version: number;
}

/** Command lines that may start an ExifTool; the vendored one is a perl script, run by whatever perl is on the path. */
function candidates(): string[][] {
  const system = ['exiftool'];
  try {
    const vendored = createRequire(import.meta.url)('exiftool-vendored.pl') as string;
    return [['perl', vendored], system];
  } catch {
    return [system];
  }
}

async function openFirst(commands: readonly string[][]): Promise<Opened> {
  const reasons: string[] = [];
  for (const command of commands) {
    const version = await probe(command).catch((error: unknown) => {
      reasons.push(`${command.join(' ')}: ${errorText(error).split('\n')[0]}`);
    });
    if (version !== undefined) return { tool: await start(command), version };
  }
  throw new ExifToolMissingError(`ExifTool does not run (${reasons.join('; ')})`);
}

async function probe([program, ...args]: readonly string[]): Promise<number> {
  const { stdout } = await promisify(execFile)(program as string, [...args, '-ver'], { timeout: PROBE_TIMEOUT_MS });
  const version = Number.parseFloat(stdout);
  if (Number.isNaN(version)) throw new Error(`"${stdout.slice(0, 40)}" is no version of ExifTool`);
  return version;
}

async function start(command: readonly string[]): Promise<VendoredExifTool> {
  const { ExifTool } = await import('exiftool-vendored');
  // At the end of its input ExifTool waits for more, for ever: after a kill -9 of this process it would stay.
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
  const [program = '', ...args] = setpriv === undefined ? command : [setpriv, '--pdeathsig', 'KILL', '--', ...command];
  return new ExifTool({
    exiftoolPath: program,
    exiftoolArgs: [...args, '-stay_open', 'True', '-@', '-'],
    ignoreShebang: false,
    checkPerl: false,
    maxProcs: 1,
    taskTimeoutMillis: TASK_TIMEOUT_MS,
    maxProcAgeMillis: 4 * TASK_TIMEOUT_MS,
    // The mark of the end must stand on a line of its own, or a caption "{ready}" would be taken for it.
    pass: READY,
    fail: READY,
    // A second attempt would find the output of the first.
    taskRetries: 0,
  });
}

/**
 * The library writes values with HTML entities, which keeps line ends inside them, but leaves the ampersand alone: a
 * caption `&lt;` would become `<`.
 */
function escaped(tags: TagValues): TagValues {
  const encode = (text: string) => text.replaceAll('&', '&amp;');
  return Object.fromEntries(
    Object.entries(tags).map(([tag, value]) => {
      if (typeof value === 'string') return [tag, encode(value)];
      return [tag, Array.isArray(value) ? value.map(encode) : value];
    }),
  );
}

/** ExifTool's words without the path it appends. */
const translated = (error: unknown, path: string): ExifToolError =>
  new ExifToolError(errorText(error).replace(` - ${path}`, ''), { cause: error });
