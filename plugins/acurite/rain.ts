/**
 * Rain from the sensor's cumulative counter. The counter runs on while the hub is off, restarts at 0 with a new battery,
 * and now and then a torn report shows a number that never was: what rain cannot explain waits for a second opinion.
 */

/** One tip of the bucket: 0.01 in. */
const MM_PER_TIP = 0.254;
/** How often the sensor sends its counter. */
const SLOT_MS = 36_000;
/** 0.5 in in one slot: more than any cloudburst. */
const TIPS_PER_SLOT = 50;
/** However long the gap, more than 100 mm are believed only when the next report confirms them. */
const MAX_TIPS_AT_ONCE = 400;
/** Reports in a row that make another sensor ours. */
const REPORTS_TO_CHANGE_SENSOR = 3;
const REPORTS_TO_CONFIRM = 2;

export interface Count {
  /** Tips. */
  readonly count: number;
  readonly sensorId: number;
  /** Epoch ms. */
  readonly time: number;
}

export interface Rain {
  /** Tips counted since the first baseline. */
  readonly tips: number;
  readonly baseline: Count;
  /** No second report has followed from the baseline yet: it may be a torn one. */
  readonly fresh?: boolean;
  /** A counter that does not follow from the baseline, and how many reports in a row agree with it. */
  readonly doubtful?: Count & { readonly agreeing: number };
}

export const rainTotalMm = (rain: Rain) => Math.round(rain.tips * MM_PER_TIP * 1000) / 1000;

/** Takes one accepted counter into account; `undefined` is the state before the very first. */
export function countRain(rain: Rain | undefined, report: Count): Rain {
  if (!rain) return { tips: 0, baseline: report, fresh: true };
  const sameSensor = report.sensorId === rain.baseline.sensorId;
  const step = sameSensor ? plausibleStep(rain.baseline, report) : undefined;
  if (step !== undefined) return { tips: rain.tips + step, baseline: report };

  const first = rain.doubtful;
  const agrees = first?.sensorId === report.sensorId && plausibleStep(first, report) !== undefined;
  const agreeing = agrees ? first.agreeing + 1 : 1;
  if (!agrees || agreeing < (sameSensor ? REPORTS_TO_CONFIRM : REPORTS_TO_CHANGE_SENSOR)) {
    return { ...rain, doubtful: { ...report, agreeing } };
  }
  return { tips: rain.tips + confirmedStep(rain, first, report), baseline: report };
}

/**
 * Tips that a confirmed jump is worth. A counter below the baseline was reset or has wrapped, another sensor's has
 * nothing to do with ours, and a first baseline that nothing ever followed may have been a torn report: then only what
 * fell between the two agreeing reports is known.
 */
function confirmedStep(rain: Rain, first: Count, second: Count): number {
  const { baseline, fresh } = rain;
  const jump = second.count - baseline.count;
  const continues = second.sensorId === baseline.sensorId && jump >= 0 && !(fresh && jump > MAX_TIPS_AT_ONCE);
  return continues ? jump : second.count - first.count;
}

/** Tips from one report to a later one of the same sensor; `undefined` where rain cannot explain the difference. */
function plausibleStep(from: Count, to: Count): number | undefined {
  const slots = Math.max(1, (to.time - from.time) / SLOT_MS);
  const step = to.count - from.count;
  return step >= 0 && step <= Math.min(slots * TIPS_PER_SLOT, MAX_TIPS_AT_ONCE) ? step : undefined;
}
