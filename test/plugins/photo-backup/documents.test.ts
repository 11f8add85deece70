import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { accessOf, quote } from '../../../plugins/photo-backup/documents/access.ts';
import { renderCsv } from '../../../plugins/photo-backup/documents/csv.ts';
import { type Entry, folderOf, weeksOf } from '../../../plugins/photo-backup/documents/entry.ts';
import { renderLetter } from '../../../plugins/photo-backup/documents/letter.ts';
import { parseManifest, renderManifest } from '../../../plugins/photo-backup/documents/manifest.ts';
import { renderIndex, renderWeek } from '../../../plugins/photo-backup/documents/pages.ts';
import { renderReadme } from '../../../plugins/photo-backup/documents/readme-text.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';

const run = promisify(execFile);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Names a card, an old archive or a joker can bring. */
const HOSTILE = [
  '2016-W05/P1010001.JPG',
  '2016-W05/two  spaces .JPG',
  '2016-W05/back\\slash.JPG',
  '2016-W05/\\leading.JPG',
  '2016-W05/line\nend.JPG',
  '2016-W05/carriage\rreturn.JPG',
  '2016-W05/*star.JPG',
  '2016-W05/-dash.JPG',
  '2016-W05/#hash?query:colon%20.JPG',
  '2016-W05/é ü+日本.JPG',
  '2016-W05/"><script>alert(1)</script>.JPG'.replace('/script', 'script'),
  'undated/=1+1.JPG',
];

function entry(key: string, more: Partial<Entry> = {}): Entry {
  return {
    key,
    folder: folderOf(key),
    size: key.length,
    sha256: sha256(key),
    captured: '2016-02-03T10:11:12',
    ...more,
  };
}

/** The files themselves, each holding its own name. */
async function archiveOf(keys: readonly string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const key of keys) {
    await mkdir(join(folder, dirname(key)), { recursive: true });
    await writeFile(join(folder, key), key);
  }
  return folder;
}

describe('MANIFEST.sha256', () => {
  const lines = HOSTILE.map((path) => ({ sha256: sha256(path), path }));

  testNeeding('sha256sum')('satisfies sha256sum -c, whatever the files are called', async () => {
    const folder = await archiveOf(HOSTILE);
    await writeFile(join(folder, 'MANIFEST.sha256'), renderManifest(lines));
    const { stdout, stderr } = await run('sha256sum', ['--check', '--strict', 'MANIFEST.sha256'], { cwd: folder });
    expect(stderr).toBe('');
    expect(stdout.match(/: OK$/gm)).toHaveLength(HOSTILE.length);
  });

  testNeeding('sha256sum')('is what sha256sum itself writes for the same files, and reads it', async () => {
    const folder = await archiveOf(HOSTILE);
    const { stdout } = await run('sha256sum', ['--', ...HOSTILE], { cwd: folder });
    expect(renderManifest(lines).split('\n').toSorted()).toEqual(stdout.split('\n').toSorted());
    expect(parseManifest(stdout)).toEqual(lines);
  });

  it('reads line ends of Windows and leaves out what is no line of a manifest', () => {
    const hash = sha256('a');
    expect(parseManifest(`# a remark\r\n${hash.toUpperCase()} *a b.JPG\r\nshort  x\r\n`)).toEqual([
      { sha256: hash, path: 'a b.JPG' },
    ]);
  });
});

describe('photos.csv', () => {
  const photos = [
    entry('2016-W05/P1010001.JPG', {
      title: 'Skiing, "the" week',
      caption: 'first line\nsecond line',
      latitude: -33.123456789,
      longitude: 8.5,
    }),
    entry('2016-W05/P1010002.JPG', { title: '=HYPERLINK("http://x")', caption: '@SUM(1)', captured: null }),
    entry('=cmd.JPG', { title: 'Grüße 日本' }),
  ];
  const expected = [
    ['path', 'date', 'title', 'caption', 'lat', 'lon'],
    [
      '2016-W05/P1010001.JPG',
      '2016-02-03T10:11:12',
      'Skiing, "the" week',
      'first line\nsecond line',
      '-33.1234568',
      '8.5',
    ],
    ['2016-W05/P1010002.JPG', '', `'=HYPERLINK("http://x")`, "'@SUM(1)", '', ''],
    ['./=cmd.JPG', '2016-02-03T10:11:12', 'Grüße 日本', '', '', ''],
  ];

  testNeeding('python3')("comes back whole from Python's csv module", async () => {
    const file = join(await temporaryFolder(), 'photos.csv');
    await writeFile(file, renderCsv(photos));
    const program =
      'import csv,json,sys; print(json.dumps(list(csv.reader(open(sys.argv[1], newline="", encoding="utf-8"), strict=True))))';
    const { stdout } = await run('python3', ['-c', program, file]);
    expect(JSON.parse(stdout)).toEqual(expected);
  });

  testNeeding('sqlite3')('can be imported by sqlite3', async () => {
    const file = join(await temporaryFolder(), 'photos.csv');
    await writeFile(file, renderCsv(photos));
    const { stdout } = await run('sqlite3', [
      ':memory:',
      '.mode json',
      `.import --csv ${file} photos`,
      'SELECT * FROM photos',
    ]);
    expect((JSON.parse(stdout) as Record<string, string>[]).map(Object.values)).toEqual(expected.slice(1));
  });
});

describe('pages', () => {
  const title = '<img src=x onerror=alert(1)> & "quoted" \'title\'';

  it('show newest weeks first and folders without a date last, with the title most files bear', () => {
    const weeks = weeksOf([
      entry('2015-W53/a.JPG'),
      entry('undated/b.JPG'),
      entry('2016-W05/c.JPG', { title: 'Skiing' }),
      entry('2016-W05/d.JPG', { title: 'Skiing' }),
      entry('2016-W05/e.JPG', { title: 'A wrong one' }),
    ]);
    expect(weeks.map(({ folder, title: name, entries }) => [folder, name, entries.length])).toEqual([
      ['2016-W05', 'Skiing', 3],
      ['2015-W53', undefined, 1],
      ['undated', undefined, 1],
    ]);
  });

  it('let no title or name become markup', () => {
    const weeks = weeksOf(HOSTILE.map((key) => entry(key, { title, caption: title })));
    for (const page of [renderIndex(weeks, title), ...weeks.map(renderWeek)]) {
      expect(page).not.toContain('<img src=x');
      expect(page.toLowerCase()).not.toContain('<script');
    }
  });
});

describe('README.txt and letter', () => {
  const common = { prefix: '', region: '', options: {}, replace: 'versioned' } as const;
  const access = accessOf({ ...common, name: 'google', type: 'gcs', bucket: 'family-photos' }, '');

  it('tell who, what, how and whom to ask in lines that fit a sheet', () => {
    const text = renderReadme({
      owner: 'Ann Example',
      contact: 'Bob, 555 1234\nbob@example.org',
      note: 'Be well.',
      access,
      files: 7,
      weeks: 2,
    });
    for (const part of [
      'Ann Example',
      '7 files in 2 folders',
      'gcloud storage rsync',
      'Bob, 555 1234\nbob@example.org',
    ]) {
      expect(text.replace(/\s+/g, ' ')).toContain(part.replace(/\s+/g, ' '));
    }
    const tooLong = text.split('\n').filter((line) => line.length > 80 && !/https?:|gcloud/.test(line));
    expect(tooLong).toEqual([]);
  });

  it('name every place and every reader in the letter', () => {
    const disk = accessOf({ ...common, name: 'disk', type: 'directory' }, "/mnt/it's here");
    const html = renderLetter({
      owner: '<b>Ann</b>',
      contact: 'Bob',
      note: '',
      date: '2026-11-22',
      places: [access, disk],
      readers: ['jane@example.org'],
      lastDrill: '2026-11-01',
    });
    for (const part of ['storage/browser/family-photos', 'jane@example.org', '2026-11-01', '&#60;b&#62;Ann']) {
      expect(html).toContain(part);
    }
  });

  testNeeding('sh')('quote for the shell', async () => {
    const words = ["it's", 'a b', '$(touch x)', 'plain-1.2/x', '', '`x`', 'a"b', '\\'];
    const { stdout } = await run('sh', ['-c', `printf '%s\\n' ${words.map(quote).join(' ')}`]);
    expect(stdout.split('\n').slice(0, -1)).toEqual(words);
  });
});
