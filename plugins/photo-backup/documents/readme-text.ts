import type { Access } from './access.ts';

export const README_NAME = 'README.txt';

export interface ReadmeFacts {
  /** Whose photos, as the owner put it; may be empty. */
  readonly owner: string;
  /** Who can help: names, telephone numbers, e-mail addresses; may be empty. */
  readonly contact: string;
  /** A few words of the owner's own; may be empty. */
  readonly note: string;
  readonly access: Access;
  readonly files: number;
  readonly weeks: number;
}

/** What somebody needs who finds these files and knows nothing: no jargon first, the commands for a helper last. */
export function renderReadme({ owner, contact, note, access, files, weeks }: ReadmeFacts): string {
  const paragraphs = [
    owner === '' ? 'FAMILY PHOTOS' : `PHOTOS OF ${owner}`,
    wrap(
      `This is a copy of ${owner === '' ? 'a family archive' : `the photos and videos of ${owner}`}: ${files} files in ${weeks} folders. ` +
        'They are ordinary photo and video files. Nothing is encrypted, packed or renamed; no special program is needed.',
    ),
    ...(note === '' ? [] : [note.trim()]),
    wrap(
      'To look at them: copy everything to your own computer (see below), then open the file index.html with a double click.',
    ),
    'WHAT IS HERE',
    [
      'index.html        all weeks in a list; opens in any browser, also offline',
      '2016-W05/ ...     the photos: one folder a week, named by year and week',
      'undated/          photos whose camera did not know the date',
      'photos.csv        a list with date, title, caption and place of every photo',
      'MANIFEST.sha256   proof that every file is complete and unchanged',
    ].join('\n'),
    wrap(
      'Titles, captions and places are also written into the photos themselves. Where two files are called NAME and NAME~ with ' +
        'eight letters and digits, the one with the ~ is the newer one. The same goes for lists whose name carries a date.',
    ),
    'HOW TO GET EVERYTHING',
    wrap(`The files lie in ${access.what}.`),
    ...(access.link === undefined ? [] : [access.link]),
    access.steps.map((step, index) => wrap(`${index + 1}. ${step}`, '   ')).join('\n'),
    access.download.map((line) => `    ${line}`).join('\n'),
    'HOW TO CHECK THE COPY',
    wrap('On Linux or a Mac, in the folder with your copy; every file must say OK:'),
    '    sha256sum -c MANIFEST.sha256        (Mac: shasum -a 256 -c MANIFEST.sha256)',
    'WHO TO ASK',
    contact === '' ? wrap('Anybody who is at home with computers can follow this page.') : contact.trim(),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

/** Breaks at spaces before column 76; a longer word (a link, a path) keeps its line. */
function wrap(text: string, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > 76) {
      lines.push(line);
      line = `${indent}${word}`;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
