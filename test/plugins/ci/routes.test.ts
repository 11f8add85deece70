import { EventEmitter, once } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseRange } from '../../../plugins/ci/http/log-range.ts';
import { ciRoutes } from '../../../plugins/ci/routes.ts';
import type { BuildFilter, BuildStatus, CiView, LogView } from '../../../plugins/ci/view.ts';
import { temporaryFolder } from '../../support/hub.ts';

const BUILD = 'a'.repeat(32);
const nothing = () => undefined;
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** A log in memory that grows by `append`. */
function growingLog(text: string) {
  let bytes = Buffer.from(text);
  let isComplete = false;
  const changes = new EventEmitter();
  const log: LogView = {
    get size() {
      return bytes.length;
    },
    get isComplete() {
      return isComplete;
    },
    async *read(from, to) {
      // Cut where it hurts: in the middle of lines and characters.
      for (let at = from; at < to; at += 7) yield bytes.subarray(at, Math.min(at + 7, to));
    },
    async *follow(from, signal) {
      let at = from;
      while (!signal.aborted) {
        const grown = once(changes, 'change', { signal }).catch(() => undefined);
        const more = bytes.subarray(at);
        at = bytes.length;
        if (more.length > 0) yield more;
        else if (isComplete) return;
        else await grown;
      }
    },
  };
  return {
    log,
    append: (more: string) => {
      bytes = Buffer.concat([bytes, Buffer.from(more)]);
      changes.emit('change');
    },
    complete: () => {
      isComplete = true;
      changes.emit('change');
    },
  };
}

async function serve(parts: Partial<CiView>): Promise<string> {
  const view: CiView = {
    builds: () => [],
    build: () => undefined,
    log: () => undefined,
    artifacts: () => undefined,
    imageLog: () => undefined,
    changes: () => [],
    jobSchema: { title: 'Jobs' },
    ...parts,
  };
  const server = express().use('/plugins/ci', ciRoutes(view, silent)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/plugins/ci`;
}

describe('parseRange', () => {
  it.each([
    [undefined, 10, undefined],
    ['bytes=0-3', 10, { from: 0, to: 4 }],
    ['bytes=4-', 10, { from: 4, to: 10 }],
    ['bytes=4-99', 10, { from: 4, to: 10 }],
    ['bytes=-3', 10, { from: 7, to: 10 }],
    ['bytes=-99', 10, { from: 0, to: 10 }],
    ['bytes=10-', 10, 'unsatisfiable'],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=-5', 0, 'unsatisfiable'],
    ['bytes=5-2', 10, undefined],
    ['bytes=0-1,4-5', 10, undefined],
    ['bytes=-', 10, undefined],
    ['lines=0-1', 10, undefined],
  ])('reads %s of %i bytes', (header, size, expected) => {
    expect(parseRange(header, size)).toEqual(expected);
  });
});

describe('the log of a build', () => {
  const TEXT = '2026-11-23 14:14:00.123 | höher\n2026-11-23 14:14:00.456 | \x1b[31mFAIL\x1b[0m unit\n';

  it('comes whole and by range', async () => {
    const base = await serve({ log: () => growingLog(TEXT).log });
    const address = `${base}/builds/${BUILD}/log`;
    const whole = await fetch(address);
    expect(whole.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await whole.text()).toBe(TEXT);
    const size = Buffer.byteLength(TEXT);
    const part = await fetch(address, { headers: { range: 'bytes=26-31' } });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
      206,
      `bytes 26-31/${size}`,
      'höher',
    ]);
    const beyond = await fetch(address, { headers: { range: `bytes=${size}-` } });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${size}`]);
    const head = await fetch(address, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(size));
  });

  it('is followed from an offset until it is complete', async () => {
    const { log, append, complete } = growingLog('one\n');
    const base = await serve({ log: () => log });
    const response = await fetch(`${base}/builds/${BUILD}/log?follow=4`);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    append('two\n');
    expect((await reader.read()).value).toBe('two\n');
    append('three\n');
    expect((await reader.read()).value).toBe('three\n');
    complete();
    expect((await reader.read()).done).toBe(true);
  });

  it('is searched without its colours, and says where', async () => {
    const base = await serve({ log: () => growingLog(TEXT).log });
    const search = async (query: string) => (await fetch(`${base}/builds/${BUILD}/log/search?${query}`)).json();
    const second = TEXT.indexOf('2026', 5) + 1; // the ö has two bytes
    const found = { offset: second, text: '2026-11-23 14:14:00.456 | FAIL unit' };
    expect(await search('q=fail+UNIT')).toEqual({ lines: [found], more: false });
    expect(await search(`q=2026&from=${second}`)).toEqual({ lines: [found], more: false });
    expect(await search('q=')).toEqual({ lines: [], more: false });
  });

  it('is refused where there is none or the name is none of a build', async () => {
    const base = await serve({ log: () => undefined });
    for (const name of [BUILD, 'x', '..%2f..%2fetc%2fpasswd', `${BUILD}.gz`])
      expect((await fetch(`${base}/builds/${name}/log`)).status).toBe(404);
  });
});

describe('artifacts', () => {
  async function serveFolder(): Promise<string> {
    const outside = await temporaryFolder();
    const folder = join(outside, 'kept');
    await mkdir(join(folder, 'report'), { recursive: true });
    await writeFile(join(outside, 'secret'), 'secret');
    await writeFile(join(folder, 'report/index.html'), '<script>alert(1)</script>');
    await writeFile(join(folder, 'notes.txt'), 'fine');
    await writeFile(join(folder, '.hidden.json'), '{}');
    await symlink('../secret', join(folder, 'link'));
    await symlink('..', join(folder, 'up'));
    return serve({ artifacts: () => folder });
  }

  it('are listed without links and sent so that nothing in them runs', async () => {
    const base = `${await serveFolder()}/builds/${BUILD}/artifacts`;
    const listed = (await (await fetch(base)).json()) as { artifacts: { path: string }[] };
    expect(listed.artifacts.map(({ path }) => path)).toEqual(['.hidden.json', 'notes.txt', 'report/index.html']);
    const page = await fetch(`${base}/report/index.html`);
    expect(page.headers.get('content-type')).toBe('application/octet-stream');
    expect(page.headers.get('content-disposition')).toBe('attachment; filename=index.html');
    expect(page.headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
    const text = await fetch(`${base}/notes.txt`, { headers: { range: 'bytes=1-2' } });
    expect([text.headers.get('content-type'), await text.text()]).toEqual(['text/plain; charset=utf-8', 'in']);
  });

  it('never lead out of their folder', async () => {
    const base = new URL(`${await serveFolder()}/builds/${BUILD}/artifacts`);
    // As raw requests: a browser's own fetch would tidy the path.
    const statusOf = async (path: string) => {
      const asked = get({ host: base.hostname, port: base.port, path: `${base.pathname}/${path}` });
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      return answer.resume().statusCode;
    };
    for (const path of [
      'link',
      'up/secret',
      '../secret',
      '..%2fsecret',
      '%2e%2e/secret',
      '%2fetc%2fpasswd',
      'notes.txt%00',
      'report',
      '.',
      'x'.repeat(5000),
    ])
      expect([path, await statusOf(path)]).toEqual([path, 404]);
    expect(await statusOf('notes.txt')).toBe(200);
  });
});

describe('the list of builds', () => {
  it('asks for what the address says, a bounded number', async () => {
    const asked: BuildFilter[] = [];
    const row = { build: BUILD, job: 'unit' } as BuildStatus;
    const builds = (filter: BuildFilter) => {
      asked.push(filter);
      return [row];
    };
    const base = await serve({ builds });
    const address = `${base}/builds?job=unit&result=FAILURE&project=&before=1795442400000&limit=100000&other=1`;
    expect(await (await fetch(address)).json()).toEqual([row]);
    await fetch(`${base}/builds`);
    expect(asked).toEqual([{ job: 'unit', result: 'FAILURE', before: 1795442400000, limit: 500 }, { limit: 50 }]);
  });

  it('says of a failure no more than that it failed', async () => {
    const base = await serve({ builds: () => Promise.reject(new Error('/var/lib/secret: unreadable')) });
    const response = await fetch(`${base}/builds`);
    expect([response.status, await response.json()]).toEqual([500, { error: 'it cannot be read at the moment' }]);
  });

  it('publishes the schema of job files', async () => {
    const response = await fetch(`${await serve({})}/jobs.schema.json`);
    expect(response.headers.get('content-type')).toMatch(/^application\/schema\+json/);
    expect(await response.json()).toEqual({ title: 'Jobs' });
  });
});
