/** The line by which glibc takes IPv4 first on this machine (RFC 6724, table of gai.conf(5)). */
const LINE = 'precedence ::ffff:0:0/96 100';
const MARK = '# by the plugin ipv6-watchdog of Cupboard';
/** Giving one precedence switches the built-in table off, so all of it stands there. */
const BLOCK = [
  MARK,
  LINE,
  'precedence ::1/128 50',
  'precedence ::/0 40',
  'precedence 2002::/16 30',
  'precedence ::/96 20',
  `${MARK}: end`,
].join('\n');

/** /etc/gai.conf with IPv4 first, or without what was added here. Lines of others stay. */
export function preferIPv4(gaiConf: string, prefer: boolean): string {
  const start = gaiConf.indexOf(MARK);
  const end = gaiConf.indexOf(`${MARK}: end`);
  const without = start < 0 || end < 0 ? gaiConf : gaiConf.slice(0, start) + gaiConf.slice(end + MARK.length + 6);
  if (!prefer) return without;
  return `${without}${without === '' || without.endsWith('\n') ? '' : '\n'}${BLOCK}\n`;
}
