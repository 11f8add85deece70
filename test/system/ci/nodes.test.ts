import { execFile, execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { distFile } from '../../../core/support/paths.ts';
import type { Checkout } from '../../../plugins/ci/contract.ts';
import { startRunner } from '../../support/ci-bed.ts';
import { makeRootFileSystem } from '../../support/ci-image.ts';
import type { BedOptions } from '../../support/ci-runner.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';

const run = promisify(execFile);
const testNode = testNeeding('root', 'bwrap', 'busybox', 'git', 'mkfs.ext4');
const steps = (...scripts: string[]) => scripts.map((shell, index) => ({ name: `step${index}`, shell }));

async function bedWithImage(options: Partial<BedOptions> = {}) {
  const folder = await temporaryFolder();
  await makeRootFileSystem(join(folder, 'image'));
  return { folder, ...(await startRunner({ folder, ...options })) };
}

/** A bare repository with a branch and a tag, as the hub's git cache has them; answers the tip of main. */
async function makeRepository(folder: string, project: string): Promise<Checkout> {
  const work = join(folder, 'work', project);
  const repository = join(folder, 'git', `${project}.git`);
  await mkdir(work, { recursive: true });
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', work, '-c', 'user.name=T', '-c', 'user.email=t@localhost', ...args], {
      encoding: 'utf8',
    });
  git('init', '-q', '-b', 'main');
  await writeFile(join(work, 'README'), `this is ${project}\n`);
  git('add', '.');
  git('commit', '-q', '-m', 'First');
  git('tag', 'v1');
  execFileSync('git', ['clone', '-q', '--bare', work, repository]);
  return { project, branch: 'main', repository, commit: git('rev-parse', 'HEAD').trim() };
}

testNode('runs a job in a root file system of its own, without a network, and leaves nothing', async () => {
  const bed = await bedWithImage();
  const script = 'id -u; hostname; echo "$WORKSPACE"; touch /bin/mine; echo again > /dev/stderr; printf last';
  const first = await bed.run({ body: steps(script) });
  expect(first).toMatchObject({ result: 'SUCCESS', isIndeterminate: false });
  expect(first.text).toContain('+ id -u\n0\n+ hostname\nnode\n+ echo /workspace\n/workspace\n');
  expect(first.text).toContain('last\n[ci] No trailing newline\n[ci] step0: exit code 0\n[ci] Result: SUCCESS\n');
  const second = await bed.run({ body: steps('test -e /bin/mine') });
  expect(second).toMatchObject({ result: 'FAILURE', reason: 'step0: exit code 1' });
  expect(bed.pool.nodes).toEqual([]);
  expect((await readdir(join(bed.folder, 'nodes'))).filter((name) => !name.startsWith('.'))).toEqual([]);
  expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(bed.folder);
});

testNode('checks the change out with required projects beside it, from the cache alone', async () => {
  const bed = await bedWithImage();
  const checkouts = [await makeRepository(bed.folder, 'lamp'), await makeRepository(bed.folder, 'libs/colour')];
  const script = [
    'cat README libs/colour/README',
    'git status --short --branch',
    'git describe --tags',
    'git -C libs/colour log --format=%s',
    'git branch -r',
    'echo more >> README && git -c user.name=J -c user.email=j@localhost commit -qam More && git log --format=%s',
    'git fsck',
  ];
  const got = await bed.run({ body: steps(script.join('\n')) }, { checkouts });
  expect(got.result).toBe('SUCCESS');
  for (const line of ['this is lamp', 'this is libs/colour', '## main', 'v1', 'First', '  origin/main', 'More']) {
    expect(got.text.split('\n')).toContain(line);
  }
  expect(got.text).not.toContain('??');
});

testNode('gives steps the parameters, and masks secrets wherever output is kept', async () => {
  const bed = await bedWithImage();
  const secret = "pa55 w0rd'$(x)";
  const script = [
    'echo "$ZUUL_PROJECT $ODD"; echo "key: $KEY"; echo "$KEY" | base64; printf %s "$KEY" | xxd -p',
    'for i in 1 2 3 4; do printf %s "$KEY" | head -c $((i * 3)) > part; printf %s "$KEY" | tail -c +$((i * 3 + 1)) > rest; cat part; sleep 0.05; cat rest; echo; done',
    'echo "$KEY" > report.txt; printf \'<testsuite><testcase name="a"><failure message="%s"/></testcase></testsuite>\' "$ODD" > r.xml',
    'tr "\\0" "\\n" < /proc/2/cmdline',
  ];
  const parameters = { ZUUL_PROJECT: 'lamp', ODD: 'a b', 'not a name': 'x' };
  const job = { body: steps(`set +x\n${script.join('\n')}`, 'echo "$KEY"'), artifacts: ['*.txt'], junit: ['*.xml'] };
  const got = await bed.run(job, { parameters, secrets: { KEY: secret } });
  expect(got).toMatchObject({ result: 'SUCCESS', tests: { passed: 0, failed: 1, skipped: 0 } });
  expect(got.text).toContain('lamp a b\nkey: ***\n***');
  expect(got.text).not.toContain('w0rd');
  expect(got.text).not.toContain(Buffer.from(secret).toString('base64').slice(0, 12));
  expect(got.text).not.toContain(Buffer.from(secret).toString('hex'));
  const kept = await readFile(join(bed.logs.folder(got.build), 'artifacts/report.txt'), 'utf8');
  expect(kept).toBe('***\n');
});

testNode('keeps artifacts, but follows no link out of the node and takes no more than it may', async () => {
  const bed = await bedWithImage({ artifactsMb: 1 });
  const script = [
    'mkdir -p out/deep && echo kept > out/deep/a.txt && ln -s /etc/passwd out/link.txt && ln -s /etc out/etc',
    'mkfifo out/pipe.txt && head -c 2000000 /dev/zero > out/big.txt && truncate -s 100G out/sparse.txt',
    'echo odd > "out/new\nline.txt"',
  ];
  const got = await bed.run({ body: steps(script.join('\n')), artifacts: ['out/**'] });
  expect(got.result).toBe('POST_FAILURE');
  expect(got.reason).toContain('out/big.txt: 2000000 bytes');
  expect(got.text).toContain('out/new?line.txt: control characters in its name');
  expect(got.text).toContain('out/link.txt: a link, not followed');
  const kept = (await readdir(join(bed.logs.folder(got.build), 'artifacts'), { recursive: true })).sort();
  expect(kept).toEqual(['out', 'out/deep', 'out/deep/a.txt']);
  const gone = await bed.run({ body: steps('cd /; rm -rf /workspace; ln -s /etc /workspace'), artifacts: ['passwd'] });
  expect(gone.text).toContain('the workspace is no folder any more');
});

testNode('makes nodes beforehand, hands out no more than it may, and says why the others wait', async () => {
  const bed = await bedWithImage({ max: 1, minReady: { tiny: 1 } });
  await bed.pool.refill();
  expect(bed.pool.nodes).toMatchObject([{ state: 'ready', label: 'tiny', image: 'tiny-20261123T141400' }]);
  const reasons: (string | undefined)[] = [];
  const first = bed.run({ body: steps('sleep 0.5') });
  await waitFor('the node to be taken', () => bed.pool.free === 0);
  const second = bed.run({ body: steps('true') }, { tell: ({ reason }) => reasons.push(reason) });
  await waitFor('the second to wait', () => reasons.length > 0);
  expect(reasons[0]).toBe('1 of 1 nodes in use');
  expect((await first).result).toBe('SUCCESS');
  expect((await second).result).toBe('SUCCESS');
  const unknown: (string | undefined)[] = [];
  const abort = new AbortController();
  const waiting = bed.run({ node: 'none' }, { signal: abort.signal, tell: ({ reason }) => unknown.push(reason) });
  await waitFor('the reason', () => unknown.length > 0);
  expect(unknown).toEqual(['no image none in the config']);
  abort.abort();
  expect((await waiting).result).toBe('ABORTED');
});

testNode('holds the node of a failed build, with a shell in it', async () => {
  const data = await temporaryFolder();
  const folder = join(data, 'plugin-data/ci');
  await makeRootFileSystem(join(folder, 'image'));
  const bed = await startRunner({
    folder,
    holdFor: (_request, result) => (result === 'FAILURE' ? 'to be looked at' : undefined),
  });
  await bed.run({ body: steps('echo left > found; sleep 600 & false') });
  const [held] = bed.pool.nodes;
  expect(held).toMatchObject({ state: 'hold', reason: 'to be looked at' });
  const script = 'cat found; hostname; pidof sleep || echo ended; grep NoNewPrivs /proc/self/status';
  const shell = ['run', 'ci', 'shell', held?.node ?? '', 'sh', '-c', script];
  const { stdout } = await run(process.execPath, [distFile('cupboard.js'), '--data', data, ...shell]);
  expect(stdout).toBe('left\nnode\nended\nNoNewPrivs:\t1\n');
  await bed.pool.delete(held?.node ?? '');
  expect(bed.pool.nodes).toEqual([]);
});

test('runs jobs without isolation where that is asked for, and ends what they leave', async () => {
  const bed = await startRunner({ folder: await temporaryFolder(), mode: 'process' });
  const script = 'pwd; echo "$WORKSPACE"; setsid sleep 4721 & echo done > result';
  const got = await bed.run({ node: 'anything', body: steps(script), artifacts: ['result'] });
  expect(got.result).toBe('SUCCESS');
  expect(got.text).toContain('without isolation');
  expect(await readFile(join(bed.logs.folder(got.build), 'artifacts/result'), 'utf8')).toBe('done\n');
  expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain('sleep 4721');
});
