import { readFile, stat } from 'node:fs/promises';
import { isMap, isScalar, parseDocument, type ScalarTag } from 'yaml';
import { ConfigError, errorCode } from '../support/errors.ts';
import { writeFileAtomic } from '../support/files.ts';

/** `!secret name` as it stands in cupboard.yaml. */
export class SecretReference {
  constructor(readonly name: string) {}
}

/** Teaches the yaml package to read and write `!secret name`. */
export const secretTag: ScalarTag = {
  tag: '!secret',
  identify: (value) => value instanceof SecretReference,
  resolve: (text) => new SecretReference(text.trim()),
  stringify: ({ value }) => (value as SecretReference).name,
};

export type Secrets = ReadonlyMap<string, string>;

/** What secrets.yaml holds: one level of names and texts. A missing file holds none. */
export async function readSecrets(path: string): Promise<Secrets> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  });
  const document = parseDocument(text);
  // The yaml package quotes the line in its messages, and here that is a secret: only the place is passed on.
  const broken = document.errors.map((error) => ({
    path: 'secrets.yaml',
    message: `not valid YAML${error.linePos ? ` at line ${error.linePos[0].line}` : ''}`,
  }));
  if (broken.length > 0) throw new ConfigError(broken);
  if (document.contents === null) return new Map();
  if (!isMap(document.contents)) {
    throw new ConfigError([{ path: 'secrets.yaml', message: 'expected lines of the form name: value' }]);
  }
  const secrets = document.contents.items.map(({ key, value }) => {
    const name = String(isScalar(key) ? key.value : key);
    const plain = isScalar(value) ? value.value : undefined;
    if (typeof plain === 'string' || typeof plain === 'number') return [name, String(plain)] as const;
    throw new ConfigError([{ path: `secrets.yaml ${name}`, message: 'expected text on the same line' }]);
  });
  return new Map(secrets);
}

/** Sets and removes secrets, comments and order kept; the file is for its owner alone from the first byte on. */
export async function writeSecrets(path: string, changes: ReadonlyMap<string, string | undefined>): Promise<void> {
  if (changes.size === 0) return;
  const text = await readFile(path, 'utf8').catch(() => '# Secrets of cupboard.yaml: there as !secret NAME\n');
  const document = parseDocument(text);
  for (const [name, value] of changes) {
    if (value === undefined) document.delete(name);
    else document.set(name, value);
  }
  await writeFileAtomic(path, String(document), 0o600);
}

/** What is wrong with the file's mode, if others may read it. */
export async function secretsExposure(path: string): Promise<string | undefined> {
  const mode = (await stat(path).catch(() => undefined))?.mode ?? 0;
  if ((mode & 0o077) === 0) return undefined;
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  return `can be read by others (mode ${octal}): chmod 600 ${path}`;
}
