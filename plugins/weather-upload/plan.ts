import type { Observation } from './observation.ts';
import type { Service, ServiceSettings } from './services/service.ts';

/**
 * Is this observation the next record? Short intervals may come a quarter early, so that readings every 18 s do not
 * turn an interval of 18 s into 36 s; services that count in minutes are never posted to early. What is older than the
 * last record was queued before, unless that record's time lies in the future: then the clock was wrong.
 * @param time of the observation, epoch ms, like `lastQueued` and `now`
 */
export function isDue(time: number, lastQueued: number | undefined, intervalSeconds: number, now: number): boolean {
  if (lastQueued === undefined || lastQueued > now + CLOCK_TOLERANCE_MS) return true;
  const slack = intervalSeconds < 300 ? intervalSeconds / 4 : 0;
  return time - lastQueued >= (intervalSeconds - slack) * 1000;
}

const CLOCK_TOLERANCE_MS = 60_000;

/** The essential fields that an observation lacks for this service. */
export function missingFields(observation: Observation, service: Service): readonly string[] {
  return service.essential.filter((field) => observation[field] === undefined);
}

/** Live data first, then the oldest: what to post next from both ends of the queue. */
export function nextToPost(
  queue: { readonly oldest: Observation | undefined; readonly newest: Observation | undefined },
  now: number,
  intervalSeconds: number,
): Observation | undefined {
  const { oldest, newest } = queue;
  const isLive = newest !== undefined && now - newest.time < Math.max(60, 2 * intervalSeconds) * 1000;
  return isLive ? newest : oldest;
}

/** May this observation leave the house? What is simulated goes only where the user named the address himself. */
export function mayLeave(observation: Observation, settings: ServiceSettings): boolean {
  return observation.simulated !== true || settings.url !== undefined;
}
