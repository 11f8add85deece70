/** What of an aiccu.conf still means something: SixXS and its servers ended in 2017. */
export interface AiccuSettings {
  readonly interface: string;
  readonly tunnelId?: string;
  readonly defaultRoute: boolean;
  readonly behindNat: boolean;
  /** Lines that say nothing known, with their numbers. */
  readonly unknown: readonly string[];
}

const KNOWN = new Set(
  (
    'username password protocol server ipv6_interface tunnel_id local_ipv4_override setupscript pidfile ' +
    'automatic daemonize verbose behindnat requiretls noconfigure makebeats defaultroute'
  ).split(' '),
);

/** Reads aiccu.conf: `key value` a line, `#` comments. Its user name and password are not taken over. */
export function parseAiccuConf(text: string): AiccuSettings {
  const settings = new Map<string, string>();
  const unknown: string[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const [, key = '', value = ''] = /^\s*([^\s#]\S*)(?:\s+(.*?))?\s*$/.exec(line) ?? [];
    if (key === '') continue;
    if (KNOWN.has(key.toLowerCase())) settings.set(key.toLowerCase(), value);
    else unknown.push(`line ${index + 1}: ${key}`);
  }
  const tunnelId = settings.get('tunnel_id');
  return {
    interface: settings.get('ipv6_interface') ?? 'aiccu',
    ...(tunnelId && { tunnelId }),
    defaultRoute: isTrue(settings.get('defaultroute') ?? 'true'),
    behindNat: isTrue(settings.get('behindnat') ?? 'false'),
    unknown,
  };
}

const isTrue = (value: string) => /^(true|yes|on|1)$/i.test(value);
