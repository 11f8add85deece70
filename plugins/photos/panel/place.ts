/** Where in the panel one is, as its address says after the `#`: so links can be sent and the back button works. */
export type Place =
  | { readonly at: 'weeks' }
  | { readonly at: 'cards' }
  | { readonly at: 'search'; readonly query: string; readonly photo?: number }
  | { readonly at: 'week'; readonly folder: string; readonly view: WeekView; readonly photo?: number };

export type WeekView = 'photos' | 'captions' | 'map';
const VIEWS: readonly string[] = ['photos', 'captions', 'map'] satisfies WeekView[];

export function parsePlace(hash: string): Place {
  const [at, name, view = 'photos', photo] = hash.replace(/^#/, '').split('/').map(decoded);
  if (at === 'cards') return { at };
  const number = photo !== undefined && /^\d+$/.test(photo) ? { photo: Number(photo) } : {};
  if (at === 'search' && name !== undefined) return { at, query: name, ...number };
  if (at === 'week' && name && VIEWS.includes(view)) return { at, folder: name, view: view as WeekView, ...number };
  return { at: 'weeks' };
}

export function hashOf(place: Place): string {
  if (place.at === 'weeks' || place.at === 'cards') return `#${place.at}`;
  const name = encodeURIComponent(place.at === 'week' ? place.folder : place.query);
  const view = place.at === 'week' ? place.view : 'photos';
  const photo = place.photo === undefined ? '' : `/${place.photo}`;
  return view === 'photos' && photo === '' ? `#${place.at}/${name}` : `#${place.at}/${name}/${view}${photo}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign that somebody typed
  }
}
