import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One entry of apt's sources, fields as in deb822 (`man sources.list`). */
type Entry = Readonly<Record<string, string>>;

/** Options of a one-line entry and the field that says the same. */
const FIELD_OF_OPTION: Readonly<Record<string, string>> = {
  arch: 'Architectures',
  'signed-by': 'Signed-By',
  trusted: 'Trusted',
  'check-valid-until': 'Check-Valid-Until',
};

/**
 * The machine's own apt sources as far as they are of one release, in deb822 format; of another release of the same
 * distribution they are rewritten, so that a machine of today can build images of tomorrow. `''` = none.
 * @param files texts of sources.list and of what lies in sources.list.d, by name
 * @param codename the machine's own release
 */
export function sourcesFor(suite: string, files: Readonly<Record<string, string>>, codename: string): string {
  const entries = Object.entries(files).flatMap(([name, text]) =>
    name.endsWith('.sources') ? stanzas(text) : lines(text),
  );
  const own = entries.flatMap((entry) => select(entry, suite, suite));
  const found = own.length > 0 || codename === '' ? own : entries.flatMap((entry) => select(entry, codename, suite));
  return found.map(write).join('\n');
}

/** Reads what `sourcesFor` wants of the machine. */
export async function readAptSources(folder = '/etc/apt'): Promise<Readonly<Record<string, string>>> {
  const parts = await readdir(join(folder, 'sources.list.d')).catch(() => []);
  const names = ['sources.list', ...parts.sort().map((name) => join('sources.list.d', name))];
  const files: Record<string, string> = {};
  for (const name of names.filter((each) => /\.(list|sources)$/.test(each))) {
    files[name] = await readFile(join(folder, name), 'utf8').catch(() => '');
  }
  return files;
}

/** The entry with those of its suites that are `from` or a part of it (`from-security`), renamed to `to`. */
function select(entry: Entry, from: string, to: string): Entry[] {
  const suites = words(entry['Suites']).filter((suite) => suite === from || /^[-/]/.test(suite.slice(from.length)));
  const chosen = suites.filter((suite) => suite.startsWith(from)).map((suite) => to + suite.slice(from.length));
  return chosen.length === 0 ? [] : [{ ...entry, Suites: chosen.join(' ') }];
}

function stanzas(text: string): Entry[] {
  const entries: Entry[] = [];
  for (const stanza of text.split(/\n[ \t]*\n/)) {
    const fields: Record<string, string> = {};
    let last = '';
    for (const line of stanza.split('\n')) {
      if (line.startsWith('#') || line.trim() === '') continue;
      const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
      if (name !== undefined) {
        last = name;
        fields[name] = value ?? '';
      } else if (last !== '') {
        // A field goes on in lines that begin with a space: a key written out in Signed-By.
        fields[last] += `\n${line}`;
      }
    }
    if (words(fields['Types']).includes('deb') && fields['Enabled'] !== 'no') {
      entries.push({ ...fields, Types: 'deb' });
    }
  }
  return entries;
}

function lines(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    const [, options = '', rest] = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?([^#]*)/.exec(line) ?? [];
    const [uri, suite, ...components] = words(rest);
    if (uri === undefined || suite === undefined) return [];
    const entry: Record<string, string> = { Types: 'deb', URIs: uri, Suites: suite, Components: components.join(' ') };
    for (const option of words(options)) {
      const [name = '', value = ''] = option.split('=');
      const field = FIELD_OF_OPTION[name];
      if (field !== undefined) entry[field] = value.replaceAll(',', ' ');
    }
    return [entry];
  });
}

const words = (text = '') => text.split(/\s+/).filter(Boolean);
const write = (entry: Entry) =>
  Object.entries(entry)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
