/** Does `topic` match the MQTT filter. A leading wildcard does not match topics that start with `$`. */
export function topicMatches(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (levels[index] === undefined || (level !== '+' && level !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}

/** What is wrong with a filter someone typed, or undefined. */
export function filterProblem(filter: string): string | undefined {
  if (filter === '') return 'Type a topic or a filter such as acurite/#';
  const levels = filter.split('/');
  if (levels.some((level) => level.length > 1 && /[+#]/.test(level))) return '+ and # stand alone between slashes';
  if (levels.indexOf('#') >= 0 && levels.indexOf('#') < levels.length - 1) return '# can only stand at the end';
  return undefined;
}
