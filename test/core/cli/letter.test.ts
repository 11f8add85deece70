import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { renderLetter } from '../../../core/cli/letter.ts';
import { distFile } from '../../../core/support/paths.ts';
import { startHub, waitFor } from '../../support/hub.ts';

it('prints a paragraph of each plugin that runs, and none of those that do not', async () => {
  const hub = await startHub({ config: { name: 'Elm Street', plugins: { weather: {}, 'modem-console': {} } } });
  const letter = () =>
    promisify(execFile)(process.execPath, [distFile('cupboard.js'), 'letter', '--data', hub.dataDir]);
  const text = await waitFor('both paragraphs', async () => {
    const { stdout } = await letter();
    return stdout.includes('Weather records') && stdout.includes('Cable modem') && stdout;
  });
  expect(text).toContain('Elm Street');
  expect(text).toContain(hub.dataDir);
  await hub.api('POST', '/api/v1/plugins/weather/disable');
  await waitFor('the weather to be left out', async () => !(await letter()).stdout.includes('Weather records'));
});

it('shows what plugins write as text, never as markup', () => {
  const hostile = '<script>alert(1)</script> & "quoted"';
  const page = renderLetter({
    name: hostile,
    machine: 'box',
    dataDir: '/data',
    page: 'http://127.0.0.1:8484',
    date: '2026-01-01',
    paragraphs: [{ heading: hostile, paragraph: hostile }],
  });
  expect(page).not.toContain('<script>');
  expect(page.split('&#60;script&#62;')).toHaveLength(5);
});
