import type { Access } from './access.ts';
import { escapeHtml, renderPage } from './html.ts';

export interface LetterFacts {
  readonly owner: string;
  readonly contact: string;
  readonly note: string;
  /** ISO date the letter is written. */
  readonly date: string;
  /** Off-site places first. */
  readonly places: readonly Access[];
  /** E-mail addresses of those who are to have access. */
  readonly readers: readonly string[];
  /** ISO date of the last drill that found every file whole. */
  readonly lastDrill?: string;
}

/** The letter for the drawer with the wills: where the photos are and how to get them, to be printed and kept. */
export function renderLetter({ owner, contact, note, date, places, readers, lastDrill }: LetterFacts): string {
  const heading = owner === '' ? 'Where our photos are' : `Where the photos of ${owner} are`;
  return renderPage(
    heading,
    `<h1>${escapeHtml(heading)}</h1>
<p>Written on ${escapeHtml(date)}. Keep this letter with other important papers and replace it when it changes.</p>
<p>The photos and videos are kept as ordinary files, one folder for each week. Nothing is encrypted and no special program is
needed. Each place below holds a copy of them; one is enough. Every copy has a file <b>README.txt</b> that explains it and a
file <b>index.html</b> that shows what there is.</p>
${note === '' ? '' : `<p style="white-space: pre-line">${escapeHtml(note.trim())}</p>`}
${places.map(placeSection).join('\n')}
${readers.length === 0 ? '' : `<h2>Who has access</h2>\n<p>These people are to look and download; they sign in with these addresses: ${readers.map(escapeHtml).join(', ')}.</p>`}
<h2>Who to ask</h2>
<p style="white-space: pre-line">${escapeHtml(contact === '' ? 'Anybody who is at home with computers can follow these steps.' : contact.trim())}</p>
${lastDrill === undefined ? '' : `<p>On ${escapeHtml(lastDrill)} a week of photos was fetched this way and every file was whole.</p>`}`,
  );
}

function placeSection({ target, what, link, steps, download }: Access): string {
  return `<h2>${escapeHtml(target)}</h2>
<p>This copy lies in ${escapeHtml(what)}.</p>
${link === undefined ? '' : `<p><a href="${escapeHtml(link)}">${escapeHtml(link)}</a></p>`}
<ol>${steps.map((step) => `<li>${escapeHtml(step)}</li>`).join('')}</ol>
<p>For whoever helps:</p>
<pre>${escapeHtml(download.join('\n'))}</pre>`;
}
