/** An answer is one MQTT packet, of which the broker takes 1 MiB; some carry two such lists. */
const MOST_BYTES = 450_000;

/** Answers of each item in turn whether an answer still holds it; once one did not fit, none does. */
export function answerBudget(): (item: unknown) => boolean {
  let bytes = 0;
  return (item) => {
    if (bytes <= MOST_BYTES) bytes += Buffer.byteLength(JSON.stringify(item));
    return bytes <= MOST_BYTES;
  };
}

/** As many of the first items as an answer holds. */
export function fitting<T>(items: readonly T[]): T[] {
  return items.filter(answerBudget());
}
