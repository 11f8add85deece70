import { connect } from 'node:net';
import { deadline } from 'cupboard/sdk';

export interface TcpTarget {
  /** A literal address: names would test the name server. */
  readonly address: string;
  readonly port: number;
}

/**
 * Ms until a TCP connection stands, or undefined when it does not within `timeoutMs`. A refusal is an answer too: the
 * packet came back.
 * @param from own address to connect from, which pins the family and, with policy routing, the link
 * @param refusalAnswers false where only an open port counts
 */
export function tcpConnect(
  { address, port }: TcpTarget,
  timeoutMs: number,
  signal: AbortSignal,
  from?: string,
  refusalAnswers = true,
): Promise<number | undefined> {
  const started = performance.now();
  return new Promise((resolve) => {
    const limit = deadline(timeoutMs, signal);
    const socket = connect({
      host: address,
      port,
      signal: limit,
      autoSelectFamily: false,
      ...(from && { localAddress: from }),
    });
    const end = (answered: boolean) => {
      socket.destroy();
      resolve(answered ? performance.now() - started : undefined);
    };
    socket.on('connect', () => end(true));
    socket.on('error', (error: NodeJS.ErrnoException) => end(refusalAnswers && error.code === 'ECONNREFUSED'));
  });
}

/** `1.2.3.4:443`, `[2001:db8::1]:53`. @throws RangeError */
export function parseTarget(text: string): TcpTarget {
  const [, v6, v4, port] = /^(?:\[([\da-f:.]+)\]|([\d.]+)):(\d{1,5})$/i.exec(text) ?? [];
  const address = v6 ?? v4;
  if (address === undefined || Number(port) > 65_535) {
    throw new RangeError(`expected an address and a port such as 9.9.9.9:53 or [2620:fe::fe]:53, got "${text}"`);
  }
  return { address, port: Number(port) };
}
