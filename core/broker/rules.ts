import type { TopicRules } from './contract.ts';
import { covers } from './topics.ts';

/** Who a rule is read for: `%u` is the name, `%c` the client id. */
export interface Reader {
  readonly name: string;
  /** Unset where nobody is connected, as over HTTP: then no rule with `%c` holds. */
  readonly clientId: string | undefined;
}

export function rulesAllowReading({ read = [], readwrite = [] }: TopicRules, filter: string, reader: Reader): boolean {
  return isCovered([...read, ...readwrite], filter, reader);
}

export function rulesAllowWriting({ write = [], readwrite = [] }: TopicRules, topic: string, reader: Reader): boolean {
  return isCovered([...write, ...readwrite], topic, reader);
}

function isCovered(rules: readonly string[], filter: string, { name, clientId }: Reader): boolean {
  return rules.some((rule) => {
    const filled = fill(fill(rule, '%u', name), '%c', clientId);
    return filled !== undefined && covers(filled, filter);
  });
}

/** Undefined when a rule cannot be filled: a client that calls itself `#` or `a/b` must not widen it. */
function fill(rule: string | undefined, placeholder: string, value: string | undefined): string | undefined {
  if (!rule?.includes(placeholder)) return rule;
  return value === undefined || /[+#/]/.test(value) ? undefined : rule.replaceAll(placeholder, () => value);
}
