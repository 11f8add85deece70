/** A machine that is there anyway, reached by SSH: `static: {name: {...}}` of the configuration. */
export interface StaticNode {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Path of the private key file. */
  readonly key: string;
  /** The host's public key as in a .pub file: `ssh-ed25519 AAAA...`. */
  readonly host_key: string;
}

/** The line of known_hosts by which SSH recognises the node. A port other than 22 is part of the name there. */
export function knownHostsLine({ host, port, host_key }: StaticNode): string {
  const [type = '', key = ''] = host_key.trim().split(/\s+/);
  return `${port === 22 ? host : `[${host}]:${port}`} ${type} ${key}\n`;
}

/** Where one build's SSH keeps its files. */
export interface SshFiles {
  readonly knownHosts: string;
  /** Folder for sockets of shared connections; short, for a socket's path has 108 bytes at most. */
  readonly sockets: string;
}

/**
 * Options of every SSH connection of a build, ours and Ansible's: only the key given, only the host key known, nothing
 * asked, the user's own settings not read, one connection a node shared by all.
 */
export function sshOptions({ knownHosts, sockets }: SshFiles): readonly string[] {
  const options = {
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'yes',
    UpdateHostKeys: 'no',
    BatchMode: 'yes',
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    PasswordAuthentication: 'no',
    ForwardAgent: 'no',
    ConnectTimeout: '15',
    // A node that went silent is noticed within 45 s.
    ServerAliveInterval: '15',
    ServerAliveCountMax: '3',
    ControlPath: `${sockets}/%C`,
  };
  return ['-F', '/dev/null', ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}

/** Options and destination of an SSH command line; the command comes behind it. */
export function sshArguments(node: StaticNode, files: SshFiles): readonly string[] {
  return [...sshOptions(files), '-i', node.key, '-p', String(node.port), '-l', node.user, '--', node.host];
}
