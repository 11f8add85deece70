/** Where in the panel one is, as its address says after the `#`: so links can be sent and the back button works. */
export type Place =
  | { readonly at: 'status' | 'changes' | 'images' | 'nodes' }
  | { readonly at: 'builds'; readonly filter: Readonly<Record<string, string>> }
  | { readonly at: 'build' | 'image'; readonly id: string };

/** What the list of builds can be narrowed to. */
export const FILTERS = ['job', 'project', 'pipeline', 'result', 'change'] as const;

const isFilter = (name: string) => (FILTERS as readonly string[]).includes(name);

export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?');
  const [at, id] = path.split('/');
  if (at === 'changes' || at === 'images' || at === 'nodes') return { at };
  if (at === 'builds') {
    const asked = new URLSearchParams(query);
    return { at, filter: Object.fromEntries([...asked].filter(([name, value]) => isFilter(name) && value !== '')) };
  }
  if ((at === 'build' || at === 'image') && id && /^\w[\w.-]*$/.test(id)) return { at, id };
  return { at: 'status' };
}

export function hashOf(place: Place): string {
  if (place.at === 'build' || place.at === 'image') return `#${place.at}/${place.id}`;
  if (place.at !== 'builds') return `#${place.at}`;
  const query = new URLSearchParams(place.filter).toString();
  return query === '' ? '#builds' : `#builds?${query}`;
}

/** The page of a build. */
export const buildHash = (id: string): string => hashOf({ at: 'build', id });
