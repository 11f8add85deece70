import type { Pipeline, SourceEventType } from '../contract.ts';
import type { Entry } from './entries.ts';
import { Refusal } from './problem.ts';

type Votes = Readonly<Record<string, number>>;
type Growth = 'linear' | 'exponential';

/** A pipeline after its schema was checked. */
interface CheckedPipeline {
  readonly name: string;
  readonly description?: string;
  readonly manager?: Pipeline['manager'];
  readonly precedence?: Pipeline['precedence'];
  readonly trigger: Pipeline['triggers'];
  readonly require?: { readonly open?: boolean; readonly approval?: Votes };
  readonly start?: Votes;
  readonly success?: Votes;
  readonly failure?: Votes;
  readonly submit?: boolean;
  readonly 'dequeue-on-new-patchset'?: boolean;
  readonly 'ignore-dependencies'?: boolean;
  readonly window?: number;
  readonly 'window-floor'?: number;
  readonly 'window-increase-type'?: Growth;
  readonly 'window-increase-factor'?: number;
  readonly 'window-decrease-type'?: Growth;
  readonly 'window-decrease-factor'?: number;
  readonly 'disable-after-consecutive-failures'?: number;
}

/**
 * A pipeline with Zuul's default values.
 * @throws Refusal where a trigger lacks what its event needs, or has what it cannot use
 */
export function makePipeline(entry: Entry): Pipeline {
  const given = entry.value as unknown as CheckedPipeline;
  given.trigger.forEach(checkTrigger);
  return {
    name: given.name,
    ...(given.description === undefined ? {} : { description: given.description }),
    manager: given.manager ?? 'independent',
    precedence: given.precedence ?? 'normal',
    triggers: given.trigger,
    require: { open: given.require?.open ?? false, approval: given.require?.approval ?? {} },
    report: { start: given.start, success: given.success, failure: given.failure },
    submit: given.submit ?? false,
    dequeueOnNewPatchset: given['dequeue-on-new-patchset'] ?? true,
    ignoreDependencies: given['ignore-dependencies'] ?? false,
    window: {
      start: given.window ?? 20,
      floor: given['window-floor'] ?? 3,
      increaseType: given['window-increase-type'] ?? 'linear',
      increaseFactor: given['window-increase-factor'] ?? 1,
      decreaseType: given['window-decrease-type'] ?? 'exponential',
      decreaseFactor: given['window-decrease-factor'] ?? 2,
    },
    disableAfter: given['disable-after-consecutive-failures'] ?? 0,
  };
}

/** The key that only one event has, and must have. */
const OWN_KEYS = { timer: 'cron', topic: 'topic' } as const;
const OF_CHANGES: readonly (keyof Pipeline['triggers'][number])[] = ['branch', 'ref', 'comment', 'approval'];

function checkTrigger(trigger: Pipeline['triggers'][number], index: number): void {
  const place = `trigger.${index}`;
  const own = OWN_KEYS[trigger.event as Exclude<typeof trigger.event, SourceEventType>];
  if (own !== undefined && trigger[own] === undefined) {
    throw new Refusal(`missing: the event ${trigger.event} needs it`, `${place}.${own}`);
  }
  for (const key of [...OF_CHANGES, 'cron', 'topic'] as const) {
    const isOfOther = own === undefined ? key === 'cron' || key === 'topic' : key !== own && key !== 'branch';
    if (isOfOther && trigger[key] !== undefined) {
      throw new Refusal(`the event ${trigger.event} has none`, `${place}.${key}`);
    }
  }
}
