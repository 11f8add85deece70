/** What of a file can be searched. */
export interface Searchable {
  /** `2016-W05/P1010001.JPG` */
  readonly path: string;
  readonly captured: string | null;
  readonly camera: string | null;
  readonly title: string | null;
  readonly caption: string | null;
  /** A JSON array, as the catalogue keeps it. */
  readonly keywords: string | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly week_title: string | null;
}

export interface Point {
  readonly latitude: number;
  readonly longitude: number;
}

/** How far from a named place a picture still is "there": a house with its garden, a beach. Metres. */
const NEARBY = 500;
const EARTH_RADIUS = 6_371_000;
const MONTHS = [
  ...['january', 'february', 'march', 'april', 'may', 'june'],
  ...['july', 'august', 'september', 'october', 'november', 'december'],
];

/**
 * A function that tells whether a picture fits what somebody typed. Every word must be found: in a text, in a date
 * (`2016`, `2016-05`, `2016-W05`, `may`) or as the name of a place the picture was taken at. Words in quotes stay
 * together; case and accents do not matter. Undefined when nothing was typed.
 */
export function matcherOf(
  query: string,
  places: Readonly<Record<string, Point>>,
): ((row: Searchable) => boolean) | undefined {
  const words = [...query.matchAll(/"([^"]+)"|([^\s"]+)/g)].map(([, quoted, bare]) =>
    fold(quoted ?? bare ?? '').trim(),
  );
  const tests = words.filter(Boolean).map((word) => ({
    word,
    month: monthOf(word),
    places: Object.entries(places)
      .filter(([name]) => fold(name).includes(word))
      .map(([, place]) => place),
  }));
  if (tests.length === 0) return undefined;
  return (row) => {
    const text = textOf(row);
    return tests.every(
      ({ word, month, places: named }) =>
        text.includes(word) ||
        (month !== undefined && row.captured?.slice(5, 7) === month) ||
        named.some((place) => isNear(row, place)),
    );
  };
}

/** One line a field, so that no word is found across two of them. */
function textOf({ path, captured, camera, title, caption, keywords, week_title }: Searchable): string {
  const tags = keywords === null ? [] : (JSON.parse(keywords) as string[]);
  return fold([path, captured?.slice(0, 10), camera, title, caption, week_title, ...tags].join('\n'));
}

/** Lower case without accents: `Zürich` is found by `zurich`. */
export const fold = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

/** `may`, `sept`: `05`, `09`; undefined for fewer than three letters. */
function monthOf(word: string): string | undefined {
  if (word.length < 3) return undefined;
  const index = MONTHS.findIndex((month) => month.startsWith(word));
  return index < 0 ? undefined : String(index + 1).padStart(2, '0');
}

function isNear({ latitude, longitude }: Searchable, place: Point): boolean {
  return latitude !== null && longitude !== null && metresBetween({ latitude, longitude }, place) <= NEARBY;
}

/** Along the great circle (haversine formula). */
export function metresBetween(a: Point, b: Point): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const half = (from: number, to: number) => Math.sin(radians(to - from) / 2) ** 2;
  const chord =
    half(a.latitude, b.latitude) +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * half(a.longitude, b.longitude);
  return 2 * EARTH_RADIUS * Math.asin(Math.min(1, Math.sqrt(chord)));
}
