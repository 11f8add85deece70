/** An answer is one MQTT packet, of which the broker takes 1 MiB; some carry two such lists. */
const MOST_BYTES = 450_000;

/** As many of the first items as an answer holds. */
export function fitting<T>(items: readonly T[]): T[] {
  let bytes = 0;
  const end = items.findIndex((item) => {
    bytes += Buffer.byteLength(JSON.stringify(item));
    return bytes > MOST_BYTES;
  });
  return end === -1 ? [...items] : items.slice(0, end);
}
