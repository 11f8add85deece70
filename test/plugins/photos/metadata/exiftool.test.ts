import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createExifTool, ExifToolError } from '../../../../plugins/photos/metadata/exiftool.ts';
import { temporaryFolder, waitFor } from '../../../support/hub.ts';
import { testNeeding } from '../../../support/prerequisites.ts';
import { EXIFTOOL, makeJpeg } from './judges.ts';

/** A process of its own that opens ExifTool, tells its version or what is wrong, and waits. */
async function openInProcess(env: NodeJS.ProcessEnv): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const module = new URL('../../../../plugins/photos/metadata/exiftool.ts', import.meta.url);
  const script = `
    const { createExifTool } = await import(${JSON.stringify(module.href)});
    await createExifTool().read(${JSON.stringify(join(import.meta.dirname, 'exiftool.test.ts'))}, ['-FileName'])
      .then((tags) => console.log(tags['System:FileName']), (error) => console.log(error.name, error.advice));
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { env });
  onTestFinished(() => void child.kill('SIGKILL'));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const [said] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => [`ended: ${errors}`]),
  ]);
  return { child, said: String(said) };
}

/** Pids of ExifTool processes that a process (default: this one) started. */
function exiftoolsOf({ pid = process.pid }: { readonly pid?: number | undefined } = {}): number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  const children = threads.flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' '));
  return children
    .filter((child) => child !== '' && readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('stay_open'))
    .map(Number);
}

describe('the ExifTool process', () => {
  testNeeding('perl', 'setpriv')('ends with whoever started it, also by kill -9', async () => {
    const { child, said } = await openInProcess(process.env);
    expect(said).toBe('exiftool.test.ts');
    const started = exiftoolsOf(child);
    expect(started).toHaveLength(1);
    child.kill('SIGKILL');
    await waitFor('it to end', () => started.every((pid) => !existsSync(`/proc/${pid}`)));
  });

  testNeeding('exiftool')('starts when it is needed, is replaced when it dies, and is gone after end', async () => {
    const path = join(await temporaryFolder(), 'a.jpg');
    await makeJpeg(path, '-Artist=me');
    const exiftool = createExifTool();
    expect(exiftoolsOf()).toEqual([]);
    expect(await exiftool.read(path, ['-Artist'])).toMatchObject({ 'IFD0:Artist': 'me' });
    const [first, ...others] = exiftoolsOf();
    expect(others).toEqual([]);
    process.kill(first as number, 'SIGKILL');
    await waitFor('it to end', () => !exiftoolsOf().includes(first as number));
    expect(await exiftool.read(path, ['-Artist'])).toMatchObject({ 'IFD0:Artist': 'me' });
    await exiftool.end();
    expect(exiftoolsOf()).toEqual([]);
    await exiftool.end();
  });

  test('that is not there is told with advice', async () => {
    const { said } = await openInProcess({ ...process.env, PATH: '/nonexistent' });
    expect(said).toBe('Error sudo apt install libimage-exiftool-perl');
  });

  testNeeding('exiftool')("the system's own is taken where the library's is named away", async () => {
    const exiftool = createExifTool(EXIFTOOL);
    onTestFinished(() => exiftool.end());
    expect(await exiftool.version()).toBeGreaterThan(12);
    await expect(exiftool.read('/nonexistent.jpg', [])).rejects.toThrow(ExifToolError);
  });
});
