/** What a run of `ping -n -q` tells. */
export interface PingSummary {
  readonly sent: number;
  readonly received: number;
  /** Percent; iputils prints fractions. */
  readonly loss: number;
  /** Round trip in ms, of the packets that came back. */
  readonly average?: number;
  /** A router or our own stack said that the packet is too big, with the size that would pass. */
  readonly tooBig?: number;
  /** Nobody sent anything: no route, no permission, an option or a name not understood. */
  readonly error?: string;
}

const SUMMARY =
  /^(\d+) packets transmitted, (\d+) (?:packets )?received,(?: \+\d+ (?:duplicates|errors),)* ?(\d+(?:[.,]\d+)?)% packet loss/m;
const ROUND_TRIP = /^(?:rtt|round-trip) min\/avg\/max(?:\/mdev)? = [\d.,]+\/([\d.,]+)\/[\d.,]+/m;
const TOO_BIG = /(?:message too long, mtu[:=] ?|Packet too big: mtu=)(\d+)/i;
/** Said by our own side before anything went out. */
const NOT_SENT =
  /(?:Network is unreachable|Operation not permitted|Permission denied|missing cap_net_raw|unknown iface|invalid (?:option|argument)|bad address|resolution|not known|Address family not supported|Cannot assign requested address|No route to host).*/i;

/** Reads the output of iputils' and BusyBox's ping, stdout and stderr together. */
export function parsePing(output: string): PingSummary {
  const tooBig = TOO_BIG.exec(output);
  const said = tooBig ? { tooBig: Number(tooBig[1]) } : {};
  const summary = SUMMARY.exec(output);
  if (!summary) {
    const error = NOT_SENT.exec(output)?.[0] ?? output.trim().split('\n').at(-1) ?? '';
    return { sent: 0, received: 0, loss: 100, error: error || 'ping said nothing', ...said };
  }
  const average = ROUND_TRIP.exec(output)?.[1];
  return {
    sent: Number(summary[1]),
    received: Number(summary[2]),
    loss: decimal(summary[3]),
    ...(average !== undefined && { average: decimal(average) }),
    ...said,
  };
}

const decimal = (text = '') => Number(text.replace(',', '.'));
