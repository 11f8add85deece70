import { Readable } from 'node:stream';
import type { TargetSettings } from '../config.ts';
import { sha256Of } from '../local-file.ts';
import { TargetError } from './errors.ts';
import { Rclone } from './rclone-process.ts';
import type { LocalFile, PutOptions, RemoteObject, Stored, Target } from './target.ts';

/** One entry of `rclone lsjson`. */
interface Entry {
  readonly Path: string;
  readonly Size: number;
  readonly ModTime: string;
  /** Buckets know no folders, and call a name that is not there one. */
  readonly IsDir: boolean;
  readonly Hashes?: Readonly<Record<string, string>>;
}

/** Hashes that a listing can be compared by, then those that only prove an upload; the best first. */
const PREFERRED = ['md5', 'sha256', 'sha1'];

/** Whatever rclone reaches: Dropbox, WebDAV, SFTP and the rest. */
export function openRclone(settings: TargetSettings): Target {
  return new RcloneTarget(settings);
}

class RcloneTarget implements Target {
  readonly place: string;
  readonly #rclone: Rclone;
  /** What the remote knows of its objects; asked once. */
  #hash: Promise<string | undefined> | undefined;

  constructor(private readonly settings: TargetSettings) {
    this.place = settings.remote ?? '';
    this.#rclone = new Rclone(settings);
  }

  async check(signal: AbortSignal): Promise<string> {
    // Does nothing where the folder exists, and says at once when the remote cannot be reached or written to.
    await this.#rclone.run({ args: ['mkdir', this.#at('')], signal });
    return '';
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<RemoteObject> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const args = ['lsjson', '-R', '--files-only', ...(await this.#hashArguments(signal)), this.#at(folder)];
    const text = await this.#rclone.run({ args, signal }).catch(unlessNotFound);
    for (const entry of text === undefined ? [] : (JSON.parse(text) as Entry[])) {
      const object = await this.#object(folder + entry.Path, entry, signal);
      if (object.key.startsWith(prefix)) yield object;
    }
  }

  async head(key: string, signal: AbortSignal): Promise<RemoteObject | undefined> {
    const args = ['lsjson', '--stat', ...(await this.#hashArguments(signal)), this.#at(key)];
    const text = await this.#rclone.run({ args, signal }).catch(unlessNotFound);
    const entry = text === undefined || text.trim() === '' ? null : (JSON.parse(text) as Entry | null);
    return entry && !entry.IsDir ? this.#object(key, entry, signal) : undefined;
  }

  async get(key: string, from: number, signal: AbortSignal): Promise<Readable> {
    const offset = from > 0 ? ['--offset', String(from)] : [];
    return Readable.from(this.#rclone.stream(['cat', ...offset, this.#at(key)], signal), { objectMode: false });
  }

  async put(file: LocalFile, { key, replaces, signal, onProgress }: PutOptions): Promise<Stored> {
    const { rate_limit } = this.settings;
    const before = await this.head(key, signal);
    if (before?.tag !== replaces?.tag) throw new TargetError('precondition', `${key} is not as it was listed`);
    const limit = rate_limit === undefined ? [] : ['--bwlimit', `${Math.ceil(rate_limit * 1000)}B`];
    const how = replaces ? keepingOld(replaces) : ['--ignore-existing'];
    const told = ['--use-json-log', '--stats', '1s', '--stats-log-level', 'NOTICE'];
    const args = ['copyto', file.path, this.#at(key), ...how, ...limit, ...told];
    await this.#rclone.run({ args, signal, onProgress });
    const object = await this.head(key, signal);
    if (object?.size !== file.size) {
      throw new TargetError('mismatch', `${file.size} bytes sent, ${object?.size ?? 'nothing'} there`);
    }
    return { object, proof: await this.#prove(file, object, signal) };
  }

  async putSmall(key: string, bytes: Uint8Array, _contentType: string, signal: AbortSignal): Promise<void> {
    await this.#rclone.run({ args: ['rcat', this.#at(key)], input: bytes, signal });
  }

  /** By the remote's own hash, or where it has none by fetching the file back. */
  async #prove(file: LocalFile, object: RemoteObject, signal: AbortSignal): Promise<Stored['proof']> {
    const hash = await this.#hashName(signal);
    const [, there = ''] = object.tag.split('-');
    if (hash === undefined || there === '') {
      const sha256 = await sha256Of(await this.get(object.key, 0, signal));
      if (sha256 !== file.sha256) throw new TargetError('mismatch', 'what was fetched back is not what was sent');
      return 'read_back';
    }
    const own = hash === 'md5' ? file.md5 : hash === 'sha256' ? file.sha256 : await this.#hashOf(file, hash, signal);
    if (own !== there) throw new TargetError('mismatch', `the remote has ${hash} ${there}, sent was ${own}`);
    return 'checksum';
  }

  /** rclone knows the hashes that Dropbox and others made up for themselves. */
  async #hashOf({ path }: LocalFile, hash: string, signal: AbortSignal): Promise<string> {
    const text = await this.#rclone.run({ args: ['hashsum', hash, path], signal });
    return /^\\?([0-9a-zA-Z+/=]+) /.exec(text)?.[1] ?? '';
  }

  #hashName(signal: AbortSignal): Promise<string | undefined> {
    this.#hash ??= this.#rclone.run({ args: ['backend', 'features', this.#at('')], signal }).then((text) => {
      const { Hashes: known } = JSON.parse(text) as { Hashes: readonly string[] | null };
      return PREFERRED.find((name) => known?.includes(name)) ?? known?.[0];
    });
    this.#hash.catch(() => {
      this.#hash = undefined;
    });
    return this.#hash;
  }

  /** Times are left out where a hash tells more: on S3 each would cost a request. */
  async #hashArguments(signal: AbortSignal): Promise<readonly string[]> {
    const hash = await this.#hashName(signal);
    return hash === undefined ? [] : ['--no-modtime', '--hash', '--hash-type', hash];
  }

  async #object(key: string, { Size, ModTime, Hashes }: Entry, signal: AbortSignal): Promise<RemoteObject> {
    const name = await this.#hashName(signal);
    const hash = name === undefined ? undefined : Hashes?.[name];
    return {
      key,
      size: Size,
      tag: name === undefined ? `${Size}--${ModTime}` : `${Size}-${hash ?? ''}`,
      ...(hash && name === 'md5' && { md5: hash }),
      ...(hash && name === 'sha256' && { sha256: hash }),
    };
  }

  #at(key: string): string {
    const { remote = '' } = this.settings;
    return key === '' || remote.endsWith(':') || remote.endsWith('/') ? remote + key : `${remote}/${key}`;
  }
}

/** A changed file takes the name; what was there is kept beside it, under its size and hash. */
const keepingOld = ({ tag }: RemoteObject): string[] => [
  '--ignore-times',
  '--suffix',
  `~${tag.replaceAll(/[^0-9a-zA-Z]+/g, '-').slice(0, 40)}`,
  '--suffix-keep-extension',
];

function unlessNotFound(error: unknown): undefined {
  if (!(error instanceof TargetError && error.kind === 'not_found')) throw error;
  return undefined;
}
