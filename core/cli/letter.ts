import { hostname } from 'node:os';
import { loadConfig } from '../config/config.ts';
import type { PluginRow } from '../plugins/contract.ts';
import { createLogger } from '../support/log.ts';
import { hubClient } from './client.ts';
import { print } from './output.ts';

/** A paragraph of the letter, as plugins publish it on `<id>/letter/paragraph`. */
export interface Paragraph {
  readonly heading: string;
  readonly paragraph: string;
}

export interface LetterFacts {
  /** The hub's name, its machine, its data directory and its page. */
  readonly name: string;
  readonly machine: string;
  readonly dataDir: string;
  readonly page: string;
  /** ISO date. */
  readonly date: string;
  readonly paragraphs: readonly Paragraph[];
}

/** Prints the page for the drawer with the important papers: what this box is and does, and how to live without it. */
export async function printLetter(dataDir: string): Promise<void> {
  const hub = hubClient(dataDir);
  const { name, http } = (await loadConfig({ dataDir, log: createLogger('hub', () => undefined) })).current;
  const [rows, topics] = await Promise.all([
    hub.get<PluginRow[]>('/api/v1/plugins'),
    hub.get<{ topic: string; payload: string }[]>('/api/v1/topics?filter=%2B/letter/paragraph'),
  ]);
  const told = new Map(topics.map(({ topic, payload }) => [topic.split('/')[0], payload]));
  const paragraphs = rows
    .filter(({ state }) => state !== 'disabled' && state !== 'unconfigured')
    .flatMap(({ id }) => parse(told.get(id)));
  const date = new Date().toISOString().slice(0, 10);
  print(
    renderLetter({
      name,
      machine: hostname(),
      dataDir,
      page: `${http.tls ? 'https' : 'http'}://${http.listen}`,
      date,
      paragraphs,
    }),
  );
}

/** Any program may have written the topic. */
function parse(payload: string | undefined): Paragraph[] {
  try {
    const { heading, paragraph } = JSON.parse(payload ?? 'null') as Paragraph;
    return typeof heading === 'string' && typeof paragraph === 'string' ? [{ heading, paragraph }] : [];
  } catch {
    return []; // no paragraph, or none that can be read
  }
}

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** HTML that any browser prints, with nothing loaded from elsewhere. */
export function renderLetter({ name, machine, dataDir, page, date, paragraphs }: LetterFacts): string {
  const sections = [...paragraphs, ...aboutTheBox({ machine, dataDir, page })];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(name)}: what this box is</title>
<style>
body { font: 16px/1.5 Georgia, serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1, h2 { line-height: 1.2; font-family: system-ui, sans-serif; }
h2 { font-size: 1.05rem; margin: 1.2rem 0 0; }
p { margin: .2rem 0; }
@media print { body { margin: 0 auto; font-size: 11pt; } }
</style>
</head>
<body>
<h1>What the box called ${escapeHtml(name)} is</h1>
<p>Written on ${date}. Keep this page with other important papers; print it again when something changes.</p>
<p>It is a small computer that looks after some things in this house. Everything below goes on, or can be given up,
without it: it may be switched off and unplugged at any time, and nothing that it has stored is lost.</p>
${sections.map(({ heading, paragraph }) => `<h2>${escapeHtml(heading)}</h2>\n<p>${escapeHtml(paragraph)}</p>`).join('\n')}
</body>
</html>`;
}

const aboutTheBox = ({ machine, dataDir, page }: Pick<LetterFacts, 'machine' | 'dataDir' | 'page'>): Paragraph[] => [
  {
    heading: 'Whoever helps with it',
    paragraph: `The program is Cupboard, on the computer ${machine}. Its page is ${page}. All it keeps lies in ${dataDir}: ordinary files and SQLite databases, automatic backups in the folder backups. "cupboard doctor" says what is wrong, "cupboard backup FILE" takes everything along.`,
  },
];
