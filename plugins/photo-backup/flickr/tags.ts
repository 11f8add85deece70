/** Marks what we uploaded, so that it can be found again; Flickr calls this a machine tag. */
export const machineTag = (sha256: string): string => `hub:sha256=${sha256}`;

/** Keywords that came from Flickr and not from the owner of the archive begin with this. */
const MARK = 'flickr:';

export interface FlickrTag {
  readonly raw: string;
  readonly machine_tag: number | boolean;
}

/** Flickr's tags as keywords: marked, without machine tags, each once whatever its case. */
export function keywordsOf(tags: readonly FlickrTag[]): string[] {
  const words = tags.filter((tag) => Number(tag.machine_tag) === 0).map(({ raw }) => raw.trim());
  const once = new Map(words.filter(Boolean).map((word) => [word.toLowerCase(), `${MARK}${word}`]));
  return [...once.values()].toSorted();
}
