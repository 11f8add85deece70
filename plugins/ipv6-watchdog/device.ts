import { deadline, errorText } from 'cupboard/sdk';
import { type EndpointUpdate, type Tunnel, toSit } from './config.ts';
import { readAnswer, type UpdateAnswer, updateUrl } from './endpoint-update.ts';
import { parseSource } from './parse/ip.ts';
import type { Run } from './run.ts';
import { makeTunnel, removeTunnel } from './sit.ts';

/** What was done, or why not, in one line. */
export interface Outcome {
  readonly ok: boolean;
  readonly message: string;
}

/** Everything that changes a tunnel or the world around it. */
export interface TunnelDevice {
  /** Makes or mends a sit tunnel, restarts an external one. */
  restart(): Promise<Outcome>;
  /** Tells the house first, then takes the link away. */
  off(): Promise<Outcome>;
  on(): Promise<Outcome>;
  /** What the tunnel's own status command says. */
  status(): Promise<string | undefined>;
  updateEndpoint(address: string | undefined): Promise<UpdateAnswer>;
  /** Our public IPv4 address, as the page named in the settings sees it. */
  publicAddress(): Promise<string | undefined>;
}

const COMMAND_TIMEOUT_MS = 60_000;
const READ_TIMEOUT_MS = 5000;
const UPDATE_TIMEOUT_MS = 20_000;

export function createDevice(tunnel: Tunnel, run: Run, userAgent: string, signal: AbortSignal): TunnelDevice {
  const act = (argv: readonly string[] | undefined, timeoutMs = COMMAND_TIMEOUT_MS) =>
    argv === undefined ? DONE : inOrder(run, [argv], timeoutMs, signal);

  async function makeSit(): Promise<Outcome> {
    const remote = tunnel.remote ?? '';
    const routed = await run(['ip', 'route', 'get', remote], { timeoutMs: READ_TIMEOUT_MS, signal });
    const local = tunnel.local ?? parseSource(routed.stdout);
    if (local === undefined) return { ok: false, message: `there is no route to ${remote}` };
    const shown = await run(['ip', 'link', 'show', 'dev', tunnel.link], { timeoutMs: READ_TIMEOUT_MS, signal });
    return inOrder(run, makeTunnel(toSit(tunnel, local), shown.code === 0), READ_TIMEOUT_MS, signal);
  }

  const restart = (): Promise<Outcome> => {
    if (tunnel.kind === 'sit') return makeSit();
    if (tunnel.restart) return act(tunnel.restart);
    return Promise.resolve({ ok: false, message: 'no restart command is configured' });
  };
  const takeAway = () =>
    tunnel.kind === 'sit'
      ? inOrder(run, removeTunnel({ name: tunnel.link }), READ_TIMEOUT_MS, signal)
      : act(tunnel.stop ?? ['ip', 'link', 'set', 'dev', tunnel.link, 'down']);

  return {
    restart,
    async off() {
      const told = await act(tunnel.stop_advertising);
      if (!told.ok) return { ok: false, message: `the house was not told, so the link stays: ${told.message}` };
      return takeAway();
    },
    async on() {
      const started = await (tunnel.start ? act(tunnel.start) : restart());
      return started.ok ? act(tunnel.start_advertising) : started;
    },
    async status() {
      if (!tunnel.status) return undefined;
      const { stdout, stderr } = await run(tunnel.status, { timeoutMs: READ_TIMEOUT_MS, signal });
      return (stdout || stderr).trim().slice(0, 1000) || undefined;
    },
    updateEndpoint: (address) => tellBroker(tunnel.endpoint_update as EndpointUpdate, address, userAgent, signal),
    async publicAddress() {
      const page = tunnel.endpoint_update?.address_url;
      if (page === undefined) return undefined;
      const limit = deadline(UPDATE_TIMEOUT_MS, signal);
      const response = await fetch(page, { signal: limit }).catch(() => undefined);
      return /\b\d{1,3}(?:\.\d{1,3}){3}\b/.exec((await response?.text()) ?? '')?.[0];
    },
  };
}

const DONE: Promise<Outcome> = Promise.resolve({ ok: true, message: 'done' });

async function inOrder(
  run: Run,
  commands: readonly (readonly string[])[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Outcome> {
  for (const argv of commands) {
    const { code, failure, stdout, stderr } = await run(argv, { timeoutMs, signal });
    if (code === 0) continue;
    const said = (stderr || stdout).trim().split('\n').at(-1) ?? '';
    const why = failure === undefined ? `status ${code}` : failure.replace('_', ' ');
    return { ok: false, message: `${argv.join(' ')}: ${why}${said && `: ${said}`}` };
  }
  return DONE;
}

/** The key travels in a header alone, so that no log on the way has it. */
async function tellBroker(
  { tunnel_id, user, key, url }: EndpointUpdate,
  address: string | undefined,
  userAgent: string,
  signal: AbortSignal,
): Promise<UpdateAnswer> {
  try {
    const response = await fetch(updateUrl(url, tunnel_id, address), {
      headers: {
        authorization: `Basic ${Buffer.from(`${user}:${key}`).toString('base64')}`,
        'user-agent': userAgent,
      },
      // The credentials are for this broker only.
      redirect: 'manual',
      signal: deadline(UPDATE_TIMEOUT_MS, signal),
    });
    return readAnswer(response.status, (await response.text()).slice(0, 1000));
  } catch (error) {
    const reason = errorText((error as Error).cause ?? error);
    return { result: 'later', retryAfter: 60, advice: `The broker could not be reached (${reason}).` };
  }
}
