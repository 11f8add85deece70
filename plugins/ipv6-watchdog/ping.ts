import { type PingSummary, parsePing } from './parse/ping.ts';
import type { Ended, Run } from './run.ts';

export interface PingOptions {
  readonly family: 4 | 6;
  /** Sends through this link only. */
  readonly link?: string;
  readonly count: number;
  /** Payload in bytes; 8 of ICMP and 40 of IPv6 come on top. */
  readonly size?: number;
  readonly signal: AbortSignal;
}

/** Pings one address. Answers a reason instead where no ping could be made at all. */
export type Ping = (address: string, options: PingOptions) => Promise<PingSummary | { readonly cannot: string }>;

/** How ping is spelled: iputils, a newer BusyBox, an older one with a program for each family. */
const DIALECTS: readonly ((address: string, options: PingOptions) => string[])[] = [
  (address, { family, link, count, size }) => [
    ...['ping', `-${family}`, '-n', '-q', '-c', `${count}`, '-i', '0.2', '-W', '1'],
    ...(link ? ['-I', link] : []),
    ...(size === undefined ? [] : ['-M', 'do', '-s', `${size}`]),
    address,
  ],
  (address, { family, link, count, size }) => [
    ...['ping', `-${family}`, '-q', '-c', `${count}`, '-W', '1'],
    ...(link ? ['-I', link] : []),
    ...(size === undefined ? [] : ['-s', `${size}`]),
    address,
  ],
  (address, { family, count, size }) => [
    ...[family === 6 ? 'ping6' : 'ping', '-q', '-c', `${count}`],
    ...(size === undefined ? [] : ['-s', `${size}`]),
    address,
  ],
];
const NOT_UNDERSTOOD =
  /invalid option|unrecognized option|illegal option|Usage: ping|bad number of|invalid argument: '0\.2'/i;
const NOT_PERMITTED = /Operation not permitted|Permission denied|missing cap_net_raw/i;

/** Finds out which ping there is and keeps to it. */
export function createPing(run: Run): Ping {
  let known = 0;
  return async (address, options) => {
    for (; known < DIALECTS.length; known += 1) {
      const argv = (DIALECTS[known] as (typeof DIALECTS)[number])(address, options);
      const timeoutMs = options.count * 1200 + 2000;
      const ended = await run(argv, { timeoutMs, signal: options.signal });
      if (isNotUnderstood(ended, known)) continue;
      return summarize(argv[0] as string, ended);
    }
    known = 0;
    return { cannot: 'ping understands none of the options tried' };
  };
}

function isNotUnderstood({ failure, stdout, stderr }: Ended, dialect: number): boolean {
  if (failure === 'missing') return dialect === 1;
  return failure === undefined && NOT_UNDERSTOOD.test(stdout + stderr);
}

function summarize(program: string, { failure, stdout, stderr }: Ended): Awaited<ReturnType<Ping>> {
  if (failure === 'missing') return { cannot: `${program} is not installed` };
  if (failure === 'not_permitted' || NOT_PERMITTED.test(stderr)) return { cannot: `${program} is not permitted` };
  return parsePing(`${stdout}\n${stderr}`);
}
