import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CommandResult, JsonObject } from 'cupboard/sdk';
import type { Router } from 'express';
import { type DecodeOptions, decode, formatHex, parseHex, REPORT_LENGTH } from './decode.ts';
import type { Memory } from './memory.ts';
import { readingFields } from './readings.ts';
import { formatCaptureLine } from './replay.ts';

const EXPECTED = `${REPORT_LENGTH[1]} or ${REPORT_LENGTH[2]} bytes in hex`;

/** The answer of the command `decode`. */
export function describeReport(hex: string, options: DecodeOptions): CommandResult {
  const bytes = parseHex(hex);
  if (!bytes) return { ok: false, error: 'not bytes in hex', expected: EXPECTED, got: hex };
  const description = describeBytes(bytes, options);
  if (!description)
    return { ok: false, error: 'no report has this length', expected: EXPECTED, got: `${bytes.length} bytes` };
  return { ok: true, ...description };
}

/** What a report says, a value that is bad left out; `undefined` where the bytes are no report. */
function describeBytes(bytes: Uint8Array, options: DecodeOptions): JsonObject | undefined {
  const report = decode(bytes, options);
  if (!report) return undefined;
  const { status, reason } = report;
  const fields = Object.entries(readingFields(report)).filter(([, value]) => value !== null);
  return { report: report.report, status, ...(reason && { reason }), ...Object.fromEntries(fields) };
}

const LATEST = 20;

/** `capture.txt`: the raw reports kept, as `replay` reads them; `reports`: the last few with what they mean. */
export function serveReports(router: Router, memory: Memory, options: DecodeOptions): void {
  router.get('/capture.txt', async (request, response) => {
    const from = parseTime(request.query['from'], 0);
    const to = parseTime(request.query['to'], Number.MAX_SAFE_INTEGER);
    if (from === undefined || to === undefined) {
      response.status(400).type('text/plain').send('from and to: expected epoch ms or an ISO 8601 time\n');
      return;
    }
    response.type('text/plain').attachment('acurite-capture.txt');
    await pipeline(Readable.from(captureLines(memory, from, to)), response);
  });
  router.get('/reports', (_request, response) => {
    const described = memory.latest(LATEST).map(({ time, bytes }) => ({
      time,
      hex: formatHex(bytes),
      ...(describeBytes(bytes, options) ?? { status: 'invalid' }),
    }));
    response.json(described);
  });
}

function* captureLines(memory: Memory, from: number, to: number): Generator<string> {
  for (const { time, bytes } of memory.reports(from, to)) yield formatCaptureLine(time, bytes);
}

/** Epoch ms or ISO 8601; `undefined` where it is neither. */
function parseTime(text: unknown, absent: number): number | undefined {
  if (text === undefined) return absent;
  const time = typeof text !== 'string' ? Number.NaN : /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
