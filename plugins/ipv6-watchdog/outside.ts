import { deadline } from 'cupboard/sdk';
/** What the responder outside found about each address. */
export interface OutsideAnswer {
  readonly results: readonly {
    readonly address: string;
    readonly port: number;
    readonly result: 'open' | 'closed' | 'not tested';
  }[];
}

/** Addresses of the world, 2000::/3 (RFC 4291): not of a house, a link or a machine. */
export const isPublicV6 = (address: string): boolean => /^[23][\da-f]{3}:/i.test(address);

/**
 * Asks the responder on another machine whether it can open TCP connections to these addresses. A machine that asks
 * itself proves nothing, so without a responder nothing is said.
 */
export async function askOutside(
  { url, token }: { readonly url: string; readonly token: string },
  targets: readonly { readonly address: string; readonly port: number }[],
  signal: AbortSignal,
): Promise<OutsideAnswer['results']> {
  const untested = (why: string) => {
    throw new Error(`the responder ${why}`);
  };
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: targets.map(({ address, port }) => `${address} ${port}`).join('\n'),
    redirect: 'error',
    signal: deadline(30_000, signal),
  }).catch(() => untested('cannot be reached'));
  if (response.status === 401) untested('does not know this token');
  if (!response.ok) untested(`answered HTTP ${response.status}`);
  return ((await response.json()) as OutsideAnswer).results;
}
