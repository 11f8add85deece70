import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { errorText } from '../support/errors.ts';

/** A frame of the inspector protocol, as far as we read it. Lines and columns count from 0. */
interface CallFrame {
  readonly functionName: string;
  readonly location: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber: number };
}

interface InspectorMessage {
  readonly method?: string;
  readonly params?: { readonly scriptId?: string; readonly url?: string; readonly callFrames?: readonly CallFrame[] };
}

const FRAMES = 20;

/** The address Node prints when its inspector opens. */
export function inspectorUrl(line: string): string | undefined {
  return /^Debugger listening on (ws:\/\/127\.0\.0\.1:\d+\/\S+)$/.exec(line)?.[1];
}

/** Lines the inspector itself writes to a process's stderr. */
export function isInspectorNoise(line: string): boolean {
  return /^(Debugger (listening on |ending on |attached\.)|For help, see: https:\/\/nodejs\.org)/.test(line);
}

/**
 * Stops the JavaScript of a hung Node process where it is and answers its stack, in the author's own lines.
 * @returns one line a frame; rejects when the process runs no JavaScript (it sits in a native call)
 */
export async function captureStack(url: string, timeoutMs: number): Promise<string[]> {
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(url);
  try {
    return await new Promise<string[]>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('it runs no JavaScript: it sits in a native call')), timeoutMs);
      socket.on('error', reject);
      socket.on('close', () => clearTimeout(timer));
      socket.on('open', () => {
        socket.send(JSON.stringify({ id: 1, method: 'Debugger.enable' }));
        socket.send(JSON.stringify({ id: 2, method: 'Debugger.pause' }));
      });
      const scripts = new Map<string, string>();
      socket.on('message', (data) => {
        const { method, params = {} } = JSON.parse(String(data)) as InspectorMessage;
        if (method === 'Debugger.scriptParsed') scripts.set(params.scriptId ?? '', params.url ?? '');
        if (method !== 'Debugger.paused') return;
        const frames = (params.callFrames ?? []).slice(0, FRAMES);
        resolve(frames.map((frame) => frameText(frame, scripts.get(frame.location.scriptId) ?? '')));
      });
    });
  } finally {
    socket.terminate();
  }
}

function frameText({ functionName, location }: CallFrame, url: string): string {
  const { file, line, column } = originalPosition(url, location.lineNumber, location.columnNumber);
  return `at ${functionName || '<anonymous>'} (${file}:${line + 1}:${column + 1})`;
}

/** Follows the source map beside a bundled file back to the file the author wrote. */
function originalPosition(url: string, line: number, column: number) {
  const compiled = { file: url, line, column };
  if (!url.startsWith('file:')) return compiled;
  const file = fileURLToPath(url);
  const map = `${file}.map`;
  if (!existsSync(map)) return { ...compiled, file };
  try {
    const entry = new SourceMap(JSON.parse(readFileSync(map, 'utf8'))).findEntry(line, column);
    if (!('originalSource' in entry)) return { ...compiled, file };
    const source = new URL(entry.originalSource, `${url}.map`);
    return { file: fileURLToPath(source), line: entry.originalLine, column: entry.originalColumn };
  } catch (error) {
    return { ...compiled, file: `${file} [${errorText(error)}]` };
  }
}
