import { OBSERVATION_FIELDS, type Observation } from '../observation.ts';
import { dateUtc, judgeStatus, type Service, type ServiceSettings } from './service.ts';

/**
 * Any service with a GET address: `https://example.org/up?t={temperature}&at={time}`. `{time}` is epoch seconds,
 * `{dateutc}` the UTC date, `{id}` and `{key}` the settings, any other name a field in metric units. A parameter whose
 * field was not measured is left out.
 */
export const http: Service = {
  defaultInterval: 300,
  essential: [],
  oldest: Number.POSITIVE_INFINITY,
  lacks: ({ url }) => {
    if (url === undefined) return 'set url to the template, for example https://example.org/up?t={temperature}';
    const unknown = [...url.matchAll(PLACEHOLDER)].map(([, name]) => name as string).filter((name) => !isKnown(name));
    return unknown.length === 0 ? undefined : `url: unknown field {${unknown[0]}}; known: ${KNOWN.join(' ')}`;
  },
  compose: (observation, settings) => ({
    kind: 'http',
    method: 'GET',
    url: fillTemplate(settings.url ?? '', observation, settings),
  }),
  judge: judgeStatus,
};

const PLACEHOLDER = /\{(\w+)\}/g;
const KNOWN: readonly string[] = ['time', 'dateutc', 'id', 'key', ...OBSERVATION_FIELDS];
const isKnown = (name: string): boolean => KNOWN.includes(name);

function fillTemplate(template: string, observation: Observation, settings: ServiceSettings): string {
  const values: Readonly<Record<string, string | number | undefined>> = {
    ...observation,
    time: Math.floor(observation.time / 1000),
    dateutc: dateUtc(observation.time),
    id: settings.id,
    key: settings.key,
    simulated: undefined,
  };
  const hasAll = (text: string) =>
    [...text.matchAll(PLACEHOLDER)].every(([, name]) => values[name as string] !== undefined);
  const fill = (text: string) =>
    text.replace(PLACEHOLDER, (_, name: string) => encodeURIComponent(String(values[name] ?? '')));
  const [path, ...rest] = template.split('?');
  const parameters = rest
    .join('?')
    .split('&')
    .filter((parameter) => parameter !== '' && hasAll(parameter));
  return fill(path ?? '') + (parameters.length > 0 ? `?${parameters.map(fill).join('&')}` : '');
}
