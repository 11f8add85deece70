/** A log as the plugin serves it. */
export interface LogSource {
  /** Bytes `from` up to, not including, `to`, as far as there are any, and the log's size now. */
  read(from: number, to: number): Promise<LogPart>;
  /** The last `bytes`. */
  readEnd(bytes: number): Promise<LogPart>;
  /** What comes from byte `from` on, as it comes; ends with the log. */
  follow(from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  search(words: string): Promise<FoundLines>;
}

export interface LogPart {
  readonly from: number;
  readonly size: number;
  readonly bytes: Uint8Array;
}

export interface FoundLines {
  readonly lines: readonly { readonly offset: number; readonly text: string }[];
  readonly more: boolean;
}

/**
 * @param path of the log below the plugin's own
 * @throws Error from all of it when the log cannot be read
 */
export function logSource(fetch: (path: string, init?: RequestInit) => Promise<Response>, path: string): LogSource {
  const ask = async (suffix: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(`${path}${suffix}`, init);
    if (response.ok || response.status === 416) return response;
    const { error } = (await response.json().catch(() => ({}))) as { error?: string };
    throw new Error(error ?? `the hub answered ${response.status}`);
  };
  const range = async (header: string): Promise<LogPart> => {
    const response = await ask('', { headers: { range: header } });
    const [, from = 0, size = 0] =
      /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? [];
    const bytes = response.status === 416 ? new Uint8Array() : new Uint8Array(await response.arrayBuffer());
    return { from: Number(from), size: Number(size), bytes };
  };
  return {
    read: (from, to) => range(`bytes=${from}-${to - 1}`),
    readEnd: (bytes) => range(`bytes=-${bytes}`),
    async *follow(from, signal) {
      const { body } = await ask(`?follow=${from}`, { signal });
      const reader = body!.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
    },
    search: async (words) =>
      (await ask(`/search?${new URLSearchParams({ q: words })}`, {})).json() as Promise<FoundLines>,
  };
}
