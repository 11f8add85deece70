import { type Entry, groupBy, nameOf, type Week } from './entry.ts';
import { escapeHtml, hrefOf, renderPage } from './html.ts';

export const INDEX_NAME = 'index.html';

/** All weeks with their counts, titles and dates; each leads to the page in its folder. */
export function renderIndex(weeks: readonly Week[], owner: string): string {
  const count = weeks.reduce((sum, { entries }) => sum + entries.length, 0);
  const heading = owner === '' ? 'Photos' : `Photos of ${owner}`;
  const years = groupBy(weeks, ({ folder }) => /^\d{4}/.exec(folder)?.[0] ?? 'Others');
  const sections = [...years].map(
    ([year, ofYear]) => `<h2>${year}</h2>
<table>
<thead><tr><th scope="col">Week</th><th scope="col">Title</th><th scope="col">Dates</th><th scope="col" class="count">Files</th></tr></thead>
<tbody>
${ofYear.map(weekRow).join('\n')}
</tbody>
</table>`,
  );
  return renderPage(
    heading,
    `<h1>${escapeHtml(heading)}</h1>
<p>${count} files in ${weeks.length} folders. Choose a week to see what is in it. <a href="README.txt">README.txt</a> says how to
copy everything, <a href="photos.csv">photos.csv</a> is a list for spreadsheets, and <a href="MANIFEST.sha256">MANIFEST.sha256</a> proves that
every file is whole.</p>
${sections.join('\n')}`,
  );
}

function weekRow({ folder, title, entries }: Week): string {
  const name = folder === '' ? 'no folder' : folder;
  return `<tr><td><a href="${hrefOf(weekPageKey(folder))}">${escapeHtml(name)}</a></td><td>${escapeHtml(title ?? '')}</td><td>${dates(entries)}</td><td class="count">${entries.length}</td></tr>`;
}

/** Where a week's page lies; files beside the index itself have theirs under another name. */
export const weekPageKey = (folder: string): string => (folder === '' ? 'files.html' : `${folder}/${INDEX_NAME}`);

/** One week: every file with its caption; pictures that a browser can draw are drawn from the files themselves. */
export function renderWeek({ folder, title, entries }: Week): string {
  const heading = [folder, title].filter(Boolean).join(': ') || 'Files';
  const up = '../'.repeat(folder === '' ? 0 : folder.split('/').length);
  return renderPage(
    heading,
    `<p><a href="${up}${INDEX_NAME}">All weeks</a></p>
<h1>${escapeHtml(heading)}</h1>
<div class="photos">
${entries.map(figure).join('\n')}
</div>`,
  );
}

const DRAWN = /\.(jpe?g|png|gif|webp|avif|svg)$/i;

function figure(entry: Entry): string {
  const name = nameOf(entry.key);
  const href = hrefOf(name);
  const picture = DRAWN.test(name) ? `<img src="${href}" alt="" loading="lazy" decoding="async"><br>` : '';
  const lines = [
    entry.caption ?? '',
    [entry.captured?.replace('T', ' ') ?? 'date unknown', megabytes(entry.size)].join(', '),
  ].filter(Boolean);
  return `<figure><a href="${href}">${picture}${escapeHtml(name)}</a>
<figcaption>${lines.map((line) => `<p>${escapeHtml(line)}</p>`).join('')}${place(entry)}</figcaption></figure>`;
}

function place({ latitude, longitude }: Entry): string {
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return '';
  const [lat, lon] = [latitude.toFixed(5), longitude.toFixed(5)];
  return `<p><a href="https://www.openstreetmap.org/?mlat=${lat}&amp;mlon=${lon}#map=15/${lat}/${lon}">${lat}, ${lon}</a></p>`;
}

function dates(entries: readonly Entry[]): string {
  const days = entries.flatMap(({ captured }) => (captured ? [captured.slice(0, 10)] : [])).toSorted();
  const [first, last] = [days.at(0), days.at(-1)];
  if (first === undefined || last === undefined) return '';
  return escapeHtml(first === last ? first : `${first} to ${last}`);
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e6 ? 2 : 1)} MB`;
