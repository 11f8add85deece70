import { isIPv6 } from 'node:net';
import type { Tunnel } from '../config.ts';
import { type Hop, parseMtrJson } from '../parse/mtr.ts';
import type { Run } from '../run.ts';
import { type Comparison, compareTraces } from './compare.ts';
import type { Thresholds } from './recommend.ts';

const CYCLES = 3;
const TIMEOUT_MS = 45_000;

/**
 * Traces one host over both families and tells where the tunnel's cost arises.
 * @throws Error when mtr is missing or a trace finds nothing
 */
export async function traceBoth(
  host: string,
  tunnel: Tunnel,
  run: Run,
  limits: Thresholds,
): Promise<Comparison & { readonly v6: readonly Hop[]; readonly v4: readonly Hop[] }> {
  const trace = async (family: 4 | 6) => {
    const argv = ['mtr', `-${family}`, '-n', '--json', '-c', `${CYCLES}`, '-G', '1', host];
    const { code, failure, stdout, stderr } = await run(argv, { timeoutMs: TIMEOUT_MS });
    if (failure !== undefined)
      throw new Error(
        failure === 'missing' ? 'mtr is not installed: apt install mtr-tiny' : `mtr: ${failure.replace('_', ' ')}`,
      );
    const hops = code === 0 ? parseMtrJson(stdout) : [];
    if (hops.length === 0)
      throw new Error(`mtr found no way to ${host} over IPv${family}${stderr && `: ${stderr.trim()}`}`);
    return hops;
  };
  // One after the other: two at a time would measure each other.
  const v6 = await trace(6);
  const v4 = await trace(4);
  return { ...compareTraces(v6, v4, gatewayHop(v6, tunnel), limits), v6, v4 };
}

/** The hop that is the tunnel's far end; without a known address the first one, as the tunnel begins here. */
function gatewayHop(hops: readonly Hop[], { gateway }: Tunnel): number {
  return (
    hops.find(({ host }) => host !== undefined && gateway !== undefined && sameAddress(host, gateway))?.number ?? 1
  );
}

function sameAddress(a: string, b: string): boolean {
  const canonical = (address: string) => new URL(`http://[${address}]`).hostname;
  return isIPv6(a) && isIPv6(b) && canonical(a) === canonical(b);
}

/** A name or an address, nothing that could be taken for an option. */
export const isHost = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$/.test(text);
