import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3 } from '@aws-sdk/client-s3';
import { errorText, type Logger } from 'cupboard/sdk';
import type { BuildOutcome, Runner } from '../contract.ts';
import { withProblems } from '../runner/outcome.ts';
import type { LogStore } from './store.ts';

/** `logs.s3` of the configuration. */
export interface UploadSettings {
  readonly endpoint?: string;
  readonly region: string;
  readonly bucket: string;
  /** Before every key; ends with `/` where it is a folder. */
  readonly prefix: string;
  readonly access_key_id: string;
  readonly secret_access_key: string;
  /** Whether a build counts as POST_FAILURE where its log could not be uploaded. */
  readonly required: boolean;
}

const ATTEMPTS = 3;
const RETRY_MS = 30_000;
/** How a log lies at rest, with what finds a place in it. */
const PACKED_LOG = 'console.log.gz';
const LOG_INDEX = `${PACKED_LOG}.index`;
/** Shown by browsers as what they are; all else is only saved: nothing of a job may run where the logs are. */
const TYPES: Readonly<Record<string, string>> = {
  log: 'text/plain; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  json: 'application/json',
  yaml: 'text/plain; charset=utf-8',
};

/** Puts what is kept of builds into object storage. */
export class LogUpload {
  #s3: Promise<S3> | undefined;

  constructor(
    private readonly settings: UploadSettings,
    private readonly retryMs: number,
  ) {}

  /** Uploads a build's folder below `<prefix><build>/`, trying three times. Repeatable: objects are replaced. */
  async upload(build: string, folder: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#upload(build, folder);
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        await sleep(this.retryMs);
      }
    }
  }

  async #upload(build: string, folder: string): Promise<void> {
    this.#s3 ??= this.#open();
    const s3 = await this.#s3;
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (!entry.isFile() || entry.name === LOG_INDEX) continue;
      const path = join(entry.parentPath, entry.name);
      const isPacked = entry.name === PACKED_LOG;
      const name = relative(folder, isPacked ? path.replace(/\.gz$/, '') : path);
      await s3.putObject({
        Bucket: this.settings.bucket,
        Key: `${this.settings.prefix}${build}/${name}`,
        Body: createReadStream(path),
        ContentLength: (await stat(path)).size,
        ContentType: TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
        ...(isPacked && { ContentEncoding: 'gzip' }),
      });
    }
  }

  async #open(): Promise<S3> {
    // The SDK would warn of the Node version; which version the hub wants is the hub's to say.
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
    const { S3 } = await import('@aws-sdk/client-s3');
    const { endpoint, region, access_key_id, secret_access_key } = this.settings;
    return new S3({
      region,
      // It cannot send a file twice, and would say so on the console.
      maxAttempts: 1,
      forcePathStyle: endpoint !== undefined,
      // Else bodies go out in a framing that other servers store as if it were the file.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      credentials: { accessKeyId: access_key_id, secretAccessKey: secret_access_key },
      logger: SILENT,
      requestHandler: { connectionTimeout: 15_000, socketTimeout: 60_000 },
      ...(endpoint !== undefined && { endpoint }),
    });
  }
}

const nothing = () => undefined;
/** What it would say there comes as an error. */
const SILENT = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

/** A runner whose builds' logs are uploaded when they ended. */
export function uploading(
  runner: Runner,
  settings: UploadSettings,
  logs: LogStore,
  log: Logger,
  retryMs = RETRY_MS,
): Runner {
  const upload = new LogUpload(settings, retryMs);
  return {
    async run(request, signal, tell): Promise<BuildOutcome> {
      const outcome = await runner.run(request, signal, tell);
      try {
        if (await logs.view(request.build)) await upload.upload(request.build, logs.folder(request.build));
        return outcome;
      } catch (error) {
        const problem = `the log could not be uploaded: ${errorText(error)}`;
        log.warn(`build ${request.build}: ${problem}`);
        return settings.required ? withProblems(outcome, [problem]) : outcome;
      }
    },
  };
}
