/** What Hurricane Electric answered to "this is my IPv4 address now", and what follows from it. */
export interface UpdateAnswer {
  readonly result: 'changed' | 'unchanged' | 'refused' | 'later';
  /** The address the broker has now; it may differ from the one asked for when it saw us come from elsewhere. */
  readonly address?: string;
  /** No sooner again than this, in s; absent: not again until our address changes. */
  readonly retryAfter?: number;
  readonly advice: string;
}

const HALF_HOUR = 1800;

/** Words after which nothing may be sent again before the user has changed something. */
const REFUSALS: Readonly<Record<string, string>> = {
  badauth:
    "User name or key is wrong. The key is the Update Key on the tunnel's Advanced page, if one is set there, else the account's password.",
  nohost: "The tunnel id does not exist; it is the number in the address of the tunnel's page.",
  notfqdn: "The tunnel id is not valid; use the number in the address of the tunnel's page.",
  numhost: "The tunnel id names more than one tunnel; use the number in the address of the tunnel's page.",
  '!yours': 'The tunnel belongs to another account.',
  abuse: 'The broker has blocked updates of this tunnel. Look into your account there.',
  badagent: 'The broker refuses this client.',
  '!donator': 'The broker asks for a paid account for this.',
};

/** The request, without the credentials: they go into the Authorization header, never into the address. */
export function updateUrl(base: string, tunnelId: string, address: string | undefined): URL {
  const url = new URL(base);
  url.searchParams.set('hostname', tunnelId);
  // A private address is of no use to the broker: it then takes the one the request comes from.
  if (address !== undefined && !isPrivate(address)) url.searchParams.set('myip', address);
  return url;
}

/** RFC 1918 and the carriers' 100.64.0.0/10. */
export function isPrivate(address: string): boolean {
  const [a = 0, b = 0] = address.split('.').map(Number);
  return a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128);
}

/** Reads status and body. The answers are those of the Dyn protocol as the tunnel broker gives them. */
export function readAnswer(status: number, body: string): UpdateAnswer {
  const text = body.trim();
  const [word = '', rest = ''] = text.split(/\s+/, 2);
  if (/^-ERROR: This tunnel is already associated/i.test(text)) return unchanged(undefined);
  if (word.toLowerCase() in REFUSALS) return { result: 'refused', advice: REFUSALS[word.toLowerCase()] as string };
  if (status === 401 || status === 403) return { result: 'refused', advice: REFUSALS['badauth'] as string };
  if (status !== 200) return later(`The broker answered HTTP ${status}.`);
  switch (word.toLowerCase()) {
    case 'good':
      if (rest === '127.0.0.1')
        return {
          result: 'refused',
          advice: 'The broker cannot ping our IPv4 address: let ICMP echo requests from it through the firewall.',
        };
      return { result: 'changed', ...(isIPv4(rest) && { address: rest }), advice: 'The broker has the new address.' };
    case 'nochg':
      return unchanged(isIPv4(rest) ? rest : undefined);
    case 'dnserr':
    case '911':
      return later('The broker has a fault of its own.');
  }
  if (text === '' || text.startsWith('<')) return later("What answered is not the broker's update service.");
  return {
    result: 'refused',
    advice: `The broker answered with a word that is not known here: "${word.slice(0, 40)}". Updates are stopped.`,
  };
}

const unchanged = (address: string | undefined): UpdateAnswer => ({
  result: 'unchanged',
  ...(address !== undefined && { address }),
  advice: 'The broker has this address already.',
});
const later = (advice: string): UpdateAnswer => ({ result: 'later', retryAfter: HALF_HOUR, advice });
const isIPv4 = (text: string) => /^\d{1,3}(\.\d{1,3}){3}$/.test(text);
