import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { deadline } from 'cupboard/sdk';

export interface Download {
  readonly bytes: number;
  /** Bytes a second from the first byte on. */
  readonly rate: number;
}

const TIMEOUT_MS = 20_000;

/** Fetches at most `mostBytes` of a page over one family. @throws Error when nothing comes */
export function download(url: URL, family: 4 | 6, mostBytes: number, signal: AbortSignal): Promise<Download> {
  const request = url.protocol === 'https:' ? overHttps : overHttp;
  return new Promise((resolve, reject) => {
    const limit = deadline(TIMEOUT_MS, signal);
    const asked = request(url, { family, signal: limit, agent: false }, (response) => {
      const started = performance.now();
      let bytes = 0;
      const end = () => {
        asked.destroy();
        resolve({ bytes, rate: Math.round((bytes * 1000) / Math.max(1, performance.now() - started)) });
      };
      if (response.statusCode !== 200) {
        asked.destroy();
        reject(new Error(`HTTP ${response.statusCode}`));
        return;
      }
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes >= mostBytes) end();
      });
      response.on('end', end);
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}
