import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Images } from '../../plugins/ci/contract.ts';

const PROGRAMS = ['bash', 'git'];

/**
 * Makes a small root file system that jobs run in, from this machine's own busybox-static, bash and git: about 12 MB in
 * a fraction of a second, where a real one takes mmdebstrap ten seconds and a package mirror.
 * @param root folder to make; everything in it belongs to whoever calls
 * @example await makeRootFileSystem(join(await temporaryFolder(), 'root'));
 */
export async function makeRootFileSystem(root: string): Promise<void> {
  const folders = ['bin', 'etc', 'dev', 'proc', 'sys', 'run', 'root', 'var', 'tmp', 'home/ci', 'usr/lib/git-core'];
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/bash\nci:x:1000:1000:ci:/home/ci:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nci:x:1000:\n');
  const busybox = programPath('busybox');
  await cp(busybox, join(root, 'bin/busybox'), { dereference: true });
  for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n')) {
    if (applet && applet !== 'busybox' && !PROGRAMS.includes(applet))
      await symlink('busybox', join(root, 'bin', applet));
  }
  const libraries = new Set<string>();
  for (const name of PROGRAMS) {
    const path = programPath(name);
    await cp(path, join(root, 'bin', name), { dereference: true });
    for (const library of librariesOf(path)) libraries.add(library);
  }
  for (const library of libraries) {
    await mkdir(join(root, dirname(library)), { recursive: true });
    await cp(await realpath(library), join(root, library));
  }
  await symlink('../bin', join(root, 'usr/bin'));
}

/** A tar archive of the small root file system, made below `folder`; answers its path. */
export async function makeRootArchive(folder: string): Promise<string> {
  await makeRootFileSystem(join(folder, 'root'));
  const archive = join(folder, 'root.tar');
  execFileSync('tar', ['-C', join(folder, 'root'), '-cf', archive, '.']);
  return archive;
}

/** Images that are one folder for every name asked for. */
export function imagesOf(root: string, names: readonly string[] = ['tiny']): Images {
  return {
    names,
    use: async (name) =>
      names.includes(name) ? { name, build: `${name}-20261123T141400`, root, release: () => undefined } : undefined,
  };
}

/** Paths of the shared libraries a program is linked with, the loader included. */
function librariesOf(program: string): string[] {
  const listed = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
}

function programPath(name: string): string {
  const path = ['/bin', '/usr/bin', '/usr/local/bin'].map((folder) => join(folder, name)).find((it) => existsSync(it));
  if (path === undefined) throw new Error(`this machine lacks ${basename(name)}`);
  return path;
}
