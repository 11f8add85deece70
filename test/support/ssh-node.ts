import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { StaticNode } from '../../plugins/ci/ansible/static-node.ts';
import { temporaryFolder, waitFor } from './hub.ts';

/** A real sshd on loopback that takes one key and whose user's home is a temporary folder. */
export interface SshNode {
  readonly settings: StaticNode;
  readonly home: string;
  /** kill -9 of the daemon and of every session. */
  kill(): void;
  /** Starts it again where it was. */
  start(): Promise<void>;
}

/** Starts OpenSSH's server as this user on a free port, with keys of its own. */
export async function startSshNode(): Promise<SshNode> {
  const folder = await temporaryFolder();
  const home = join(folder, 'home');
  await mkdir(home);
  for (const name of ['host', 'user']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(folder, name)]);
  }
  // Where Debian's sshd wants to find it when it is run as root without its service.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true });
  const port = await freePort();
  const settings = {
    ListenAddress: `127.0.0.1:${port}`,
    HostKey: join(folder, 'host'),
    AuthorizedKeysFile: join(folder, 'user.pub'),
    PidFile: 'none',
    UsePAM: 'no',
    StrictModes: 'no',
    PasswordAuthentication: 'no',
    PermitRootLogin: 'prohibit-password',
    PrintMotd: 'no',
    SetEnv: `HOME=${home}`,
  };
  const config = join(folder, 'sshd_config');
  await writeFile(
    config,
    Object.entries(settings)
      .map((entry) => `${entry.join(' ')}\n`)
      .join(''),
  );
  let daemon: ChildProcess | undefined;
  const kill = () => daemon && endWithSessions(daemon);
  const start = async () => {
    daemon = spawn('/usr/sbin/sshd', ['-D', '-f', config], { stdio: 'ignore' });
    await waitFor(`sshd to listen on ${port}`, () => isOpen(port));
  };
  onTestFinished(kill);
  await start();
  const host_key = (await readFile(join(folder, 'host.pub'), 'utf8')).trim();
  const { username: user } = userInfo();
  return { settings: { host: '127.0.0.1', port, user, key: join(folder, 'user'), host_key }, home, kill, start };
}

/** Sessions are sessions of their own: found by their parent. */
function endWithSessions(daemon: ChildProcess): void {
  if (daemon.pid === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
  const listed = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,comm='], { encoding: 'utf8' });
  const processes = listed
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const end = (parent: number) => {
    for (const [pid, ppid, name] of processes) {
      if (Number(ppid) !== parent || name !== 'sshd') continue;
      end(Number(pid));
      process.kill(Number(pid), 'SIGKILL');
    }
  };
  end(daemon.pid);
  daemon.kill('SIGKILL');
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
