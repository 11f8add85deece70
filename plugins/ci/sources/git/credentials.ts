import { writeFile } from 'node:fs/promises';
import { HubError } from 'cupboard/sdk';

export interface Credentials {
  readonly url: string;
  /** For https. */
  readonly token?: string;
  /** Private key file for ssh. */
  readonly key?: string;
  /** For ssh: `ssh-ed25519 AAAA...`. */
  readonly host_key?: string;
}

/**
 * The environment that lets git in at a remote. Neither argv nor URL may carry a secret: every user of the machine can
 * read the one, logs repeat the other.
 * @param knownHosts file to write the host key to
 * @throws HubError `config_invalid` for a URL with a password
 */
export async function gitCredentials(remote: Credentials, knownHosts: string): Promise<Record<string, string>> {
  if (/^[a-z+]+:\/\/[^/@]*:[^/@]*@/i.test(remote.url)) {
    throw new HubError('config_invalid', 'a URL with a password in it: give it as `token`');
  }
  return { ...tokenHeader(remote), ...(await sshCommand(remote, knownHosts)) };
}

/** Only for the remote's own server, which may not send git on to another one with it. */
function tokenHeader({ url, token }: Credentials): Record<string, string> {
  if (token === undefined || !/^https?:/.test(url)) return {};
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  const settings = [
    [`http.${new URL(url).origin}/.extraHeader`, `Authorization: Basic ${basic}`],
    ['http.followRedirects', 'false'],
  ];
  const named = settings.flatMap(([key = '', value = ''], at) => [
    [`GIT_CONFIG_KEY_${at}`, key],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(named) };
}

async function sshCommand({ url, key, host_key }: Credentials, knownHosts: string): Promise<Record<string, string>> {
  if (key === undefined && host_key === undefined) return {};
  const words = ['ssh', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=20'];
  if (key !== undefined) words.push('-o', 'IdentitiesOnly=yes', '-i', key);
  if (host_key !== undefined) {
    await writeFile(knownHosts, `${knownHostsName(url)} ${host_key}\n`);
    words.push('-o', 'StrictHostKeyChecking=yes', '-o', `UserKnownHostsFile=${knownHosts}`);
    words.push('-o', 'GlobalKnownHostsFile=/dev/null');
  }
  return { GIT_SSH_COMMAND: words.map(quoted).join(' ') };
}

/** `host`, or `[host]:port` where the port is not 22. */
function knownHostsName(url: string): string {
  const [, scpHost] = /^(?:[\w.-]+@)?([\w.-]+):(?!\/\/)/.exec(url) ?? [];
  if (scpHost !== undefined || !URL.canParse(url)) return scpHost ?? url;
  const { hostname, port } = new URL(url);
  return port === '' || port === '22' ? hostname : `[${hostname}]:${port}`;
}

/** One word for a POSIX shell. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
