/** What is known of a card without reading its files. */
export interface Hint {
  /** Serial number or UUID of the file system; else what its mount is called. */
  readonly name: string;
  /** Size of the file system; 0 = not known. */
  readonly bytes: number;
}

/** A card of the register with the same hint's name, and how its remembered files compare with those found now. */
export interface Candidate {
  readonly id: string;
  readonly bytes: number;
  /** Files remembered of it. */
  readonly remembered: number;
  /** Of those, the ones found now: same path, same size. */
  readonly found: number;
}

/**
 * Which card is this? Serial numbers have 32 bits, cheap cards leave the factory with equal ones, and a copied card
 * carries that of its original, so the contents decide: a card keeps most of its files, or it lost all of them (emptied
 * in the camera). A candidate that is in another slot now is another card, whatever it holds.
 * @param present ids of the cards that are in a slot now
 * @param taken says whether an id is used already
 * @returns the id of a known card or a new one, one topic level long
 */
export function identify(
  hint: Hint,
  candidates: readonly Candidate[],
  present: ReadonlySet<string>,
  taken: (id: string) => boolean,
): string {
  const fits = candidates
    .filter(({ id, bytes }) => !present.has(id) && (bytes === hint.bytes || bytes === 0 || hint.bytes === 0))
    .filter(({ remembered, found }) => found === 0 || found * 2 >= remembered)
    .sort((a, b) => share(b) - share(a));
  if (fits[0] !== undefined) return fits[0].id;
  const base = topicLevel(hint.name);
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? base : `${base}-${number}`;
    if (!present.has(id) && !taken(id)) return id;
  }
}

const share = ({ remembered, found }: Candidate) => (remembered === 0 ? 0 : found / remembered);

/** Text from a card as a topic level: lower case, no signs that mean something in topics or paths. */
export function topicLevel(text: string): string {
  const level = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return level.slice(0, 40) || 'card';
}
