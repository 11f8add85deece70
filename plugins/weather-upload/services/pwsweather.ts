import { judgeStatus, query, refused, type Service } from './service.ts';
import { parameters, wunderground } from './wunderground.ts';

const URL = 'https://pwsupdate.pwsweather.com/api/v1/submitwx';

/** PWSweather takes Weather Underground's fields; it answers 200 with HTML also when it refuses. */
export const pwsweather: Service = {
  ...wunderground,
  defaultInterval: 300,
  compose: (observation, settings, around) => ({
    kind: 'http',
    method: 'GET',
    url: `${settings.url ?? URL}?${query(parameters(observation, settings, around))}`,
  }),
  judge: (answer) => {
    if (answer.status !== 200) return judgeStatus(answer);
    const failure = answer.body.split('\n').find((line) => /^\s*ERROR|invalid/i.test(line));
    return failure === undefined ? { kind: 'stored' } : refused(failure.trim().slice(0, 80));
  },
};
