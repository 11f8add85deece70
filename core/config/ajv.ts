import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { parseAddress, parseAddressRange } from '../support/ports.ts';

/**
 * The validator of the hub's own config, of manifests and of plugins' configs: reports every problem, fills in
 * defaults, and knows the formats that config schemas may use.
 */
export function createAjv(): Ajv {
  // Plugins' schemas carry words of ours (`x-access`) and of form builders; strict mode would refuse them.
  const ajv = new Ajv({ allErrors: true, verbose: true, useDefaults: true, strict: false });
  formats.default(ajv);
  ajv.addFormat('host-port', (text: string) => parseAddress(text) !== undefined);
  ajv.addFormat('address-range', (text: string) => parseAddressRange(text) !== undefined);
  ajv.addFormat('timezone', isTimezone);
  ajv.addFormat('topic-filter', isTopicFilter);
  ajv.addFormat('password', true);
  return ajv;
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** `+` fills a level, `#` the last one. */
function isTopicFilter(filter: string): boolean {
  const levels = filter.split('/');
  return (
    filter !== '' &&
    !filter.includes('\0') &&
    levels.every((level, index) => {
      if (level === '#') return index === levels.length - 1;
      return level === '+' || !/[+#]/.test(level);
    })
  );
}
