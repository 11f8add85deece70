/** Does an MQTT topic filter (`a/+/c`, `a/#`) match a topic? `a/#` matches `a` too. */
export function matchesFilter(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (index >= levels.length || (level !== '+' && level !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}

export const matchesAny = (filters: readonly string[], topic: string) =>
  filters.some((filter) => matchesFilter(filter, topic));
