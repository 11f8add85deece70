import { isAbsolute } from 'node:path';

/** What a git URL points to. */
export interface Location {
  /** Without port; `undefined` of a path. */
  readonly host?: string;
  /** Without leading slash and `.git`: `home/lamp`. */
  readonly path: string;
  /** Of http and https: `https://git.example.org:3000`. */
  readonly origin?: string;
}

/** Reads `https://host/home/lamp.git`, `ssh://git@host:22/home/lamp`, `git@host:home/lamp.git` and paths. */
export function parseGitUrl(url: string): Location {
  const scp = /^(?:[\w.-]+@)?([\w.-]+):(?!\/\/)(.+)$/.exec(url);
  if (isAbsolute(url)) return { path: trimmed(url) };
  if (scp !== null) return { host: scp[1]?.toLowerCase() ?? '', path: trimmed(scp[2] ?? '') };
  if (!URL.canParse(url)) return { path: trimmed(url) };
  const { hostname, pathname, protocol, origin } = new URL(url);
  const isWeb = protocol === 'https:' || protocol === 'http:';
  return { host: hostname.toLowerCase(), path: trimmed(decodeURI(pathname)), ...(isWeb && { origin }) };
}

const trimmed = (path: string): string => path.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '');
