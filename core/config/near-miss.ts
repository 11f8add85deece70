/** The candidate that was probably meant, if one is close enough to be worth naming. */
export function nearMiss(word: string, candidates: Iterable<string>): string | undefined {
  const plain = word.toLowerCase();
  let best: { candidate: string; distance: number } | undefined;
  // A third of the word may differ: `ture` is meant as `true`, `red` is not meant as `map`.
  const allowed = Math.max(1, Math.floor(plain.length / 3));
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - plain.length) > allowed) continue;
    const distance = editDistance(plain, candidate.toLowerCase());
    if (distance < (best?.distance ?? Number.POSITIVE_INFINITY)) best = { candidate, distance };
  }
  return best && best.distance <= allowed ? best.candidate : undefined;
}

/** Letters to insert, drop, replace or swap with their neighbour (Damerau-Levenshtein, optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
