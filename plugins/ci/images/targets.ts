import { setTimeout as sleep } from 'node:timers/promises';
import { backoff, HubError } from 'cupboard/sdk';
import type { ImageFormat } from './config.ts';
import { hasProgram, lackOf, SYSTEM_PATH } from './namespace.ts';
import { runLogged } from './run-logged.ts';

/** What `targets:` says of one place that images are uploaded to; one of `glance` and `command`. */
export interface TargetSettings {
  /** File uploaded; default qcow2. */
  readonly format?: ImageFormat;
  /** An OpenStack image service, by Debian's `openstack` client. */
  readonly glance?: {
    /** Name of the cloud in clouds.yaml. */
    readonly cloud: string;
    /** The clouds.yaml; default is where the client looks. */
    readonly config?: string;
  };
  /** A program: `{file} {image} {build}` stand for what is uploaded. */
  readonly command?: readonly string[];
  /** A program that removes an older upload: `{image} {build}`; without it they stay. */
  readonly remove?: readonly string[];
}

/** A file to upload. */
export interface ImageFile {
  /** Name of the image. */
  readonly image: string;
  /** Id of its build. */
  readonly build: string;
  readonly file: string;
  readonly format: ImageFormat;
}

export interface Target {
  /** Answers what the upload is removed by later. @throws HubError */
  upload(file: ImageFile, signal: AbortSignal): Promise<string>;
  remove(image: string, uploaded: string, signal: AbortSignal): Promise<void>;
}

/** The file a target wants. */
export const formatOf = ({ format = 'qcow2' }: TargetSettings): ImageFormat => format;

export function createTarget(settings: TargetSettings, line: (text: string) => void): Target {
  if (settings.glance) return glance(settings.glance, line);
  return command(settings.command ?? [], settings.remove, line);
}

const JSON_OUT = ['-f', 'json'];
/** States that no image comes back from. */
const GONE: readonly string[] = ['killed', 'deleted', 'pending_delete', 'deactivated'];

/** The image that the client tells of; warnings may stand around it. */
function imageOf(output: string): { readonly id: string; readonly status: string } {
  return JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1));
}

/** Glance's names of our formats; a tar is no disk. */
const DISK_FORMATS: Readonly<Record<ImageFormat, string>> = { qcow2: 'qcow2', raw: 'raw', vhd: 'vhd', tar: 'raw' };

function glance({ cloud, config }: NonNullable<TargetSettings['glance']>, line: (text: string) => void): Target {
  const openstack = async (args: readonly string[], signal: AbortSignal): Promise<string> => {
    if (!hasProgram('openstack')) {
      const { reason, advice } = lackOf('openstack', 'python3-openstackclient');
      throw new HubError('target_needs', `${reason}: ${advice}`);
    }
    const { HOME } = process.env;
    const env = { PATH: SYSTEM_PATH, HOME, LANG: 'C.UTF-8', ...(config && { OS_CLIENT_CONFIG_FILE: config }) };
    const said: string[] = [];
    const hear = (text: string) => {
      line(text);
      said.push(text);
    };
    try {
      await runLogged(['openstack', '--os-cloud', cloud, ...args], { env, line: hear, signal });
    } catch (error) {
      signal.throwIfAborted();
      throw new HubError('target_failed', said.at(-1) ?? 'openstack failed', { cause: error });
    }
    return said.join('\n');
  };
  return {
    upload: async ({ image, build, file, format }, signal) => {
      const kind = ['--disk-format', DISK_FORMATS[format], '--container-format', 'bare'];
      const property = ['--property', `cupboard_image=${image}`];
      const { id } = imageOf(
        await openstack(['image', 'create', ...kind, ...property, '--file', file, ...JSON_OUT, build], signal),
      );
      // What came is still being processed: some clouds convert and spread it before it can be booted.
      for (const delay of backoff(1000, 30_000)) {
        const { status } = imageOf(await openstack(['image', 'show', ...JSON_OUT, id], signal));
        if (status === 'active') return id;
        if (GONE.includes(status)) throw new HubError('target_failed', `${cloud} says ${build} is ${status}`);
        await sleep(delay, undefined, { signal });
      }
      return id;
    },
    remove: async (_, id, signal) => void (await openstack(['image', 'delete', id], signal)),
  };
}

function command(argv: readonly string[], remove: readonly string[] | undefined, line: (text: string) => void): Target {
  const { HOME } = process.env;
  const run = async (words: readonly string[], values: Readonly<Record<string, string>>, signal: AbortSignal) => {
    const filled = words.map((word) => word.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole));
    await runLogged(filled, { env: { PATH: SYSTEM_PATH, HOME }, line, signal });
  };
  return {
    upload: async ({ image, build, file }, signal) => {
      await run(argv, { image, build, file }, signal);
      return build;
    },
    remove: async (image, build, signal) => {
      if (remove) await run(remove, { image, build }, signal);
    },
  };
}
