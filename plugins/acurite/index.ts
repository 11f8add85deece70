import { errorText, type Hub, type StartPlugin } from 'cupboard/sdk';
import { describeReport, serveReports } from './answers.ts';
import type { Config } from './config.ts';
import { type DecodeOptions, decode, formatHex, type Report } from './decode.ts';
import {
  LINK_REASONS,
  type Link,
  linkAdvice,
  linkState,
  NEW_LINK,
  observeFailure,
  observeReport,
  observeReset,
  type Reset,
  wantsReset,
} from './link.ts';
import { Memory, MIGRATIONS } from './memory.ts';
import { countRain } from './rain.ts';
import { CONSOLE, type Fields, foreignReason, OUTDOOR, rainFields, readingFields, watchConstants } from './readings.ts';
import { openSource, type Source } from './source.ts';

const start: StartPlugin<Config> = async (hub) => {
  const store = hub.store(MIGRATIONS);
  const source: Source = openSource(hub.config, hub.dataDir, hub.signal, () => memory.lastTime());
  const memory = new Memory(store, source.kind);
  const options = { ignoreBounds: hub.config.ignore_bounds };

  hub.command<{ hex: string }>('decode', ({ hex }) => describeReport(hex, options));
  serveReports(await hub.http(), memory, options);
  hub.letter(
    'Weather station',
    'The display of the weather station is wired to this box by a USB cable and works without it too: only the records stop. Its sensor outside takes new batteries about once in two years.',
  );
  hub.every(60, () => memory.flush());
  hub.every(3600, () => memory.prune(hub.config.capture_days));

  follow(hub, source, memory, options).catch((error) => {
    if (!hub.signal.aborted) throw error; // ends the process: the hub starts it again
  });
  // Not waiting for a read in flight: a silent console would hold the stop up for 5 s.
  return () => memory.flush();
};
export default start;

/** Turns what the source brings into topics, until the plugin is asked to stop. */
async function follow(hub: Hub<Config>, source: Source, memory: Memory, options: DecodeOptions): Promise<void> {
  const publishReadings = readingsPublisher(hub, source, memory);
  const publishLink = linkPublisher(hub, source);
  const constantsChanged = watchConstants();
  let link: Link = NEW_LINK;
  await publishLink(link);

  for await (const evidence of source.evidence()) {
    if (hub.signal.aborted) return;
    if (evidence.kind === 'failure') {
      link = observeFailure(link, evidence.failure, evidence.detail);
    } else {
      memory.keep(evidence);
      const report = decode(evidence.bytes, options);
      const refusal = report && (foreignReason(report, hub.config) ?? constantsChanged(report));
      link = observeReport(link, report, refusal);
      if (report?.status !== 'ok' || refusal) {
        hub.log.debug(`${formatHex(evidence.bytes)}: ${refusal ?? report?.reason ?? 'not a report'}`);
      }
      if (report && !refusal) await publishReadings(report, evidence.time);
    }
    if (source.resetPort && wantsReset(link, Date.now())) {
      link = observeReset(link, await resetPort(hub, source.resetPort));
    }
    await publishLink(link);
  }
}

/** What everything carries that no console has measured just now. */
const markOf = (source: Source) => (source.kind === 'console' ? {} : { simulated: true });

/** Reports go to the devices; rain counts are remembered before anyone is told the total. */
function readingsPublisher(hub: Hub<Config>, source: Source, memory: Memory) {
  const outdoor = hub.device('outdoor', { ...OUTDOOR, ...markOf(source) });
  const console = hub.device('console', { ...CONSOLE, ...markOf(source) });
  let rain = memory.rain();

  const countedRain = (report: Report, time: number): Fields => {
    if (report.report !== 1 || report.readings?.kind !== 'wind_rain' || !report.head) return {};
    rain = countRain(rain, { count: report.readings.rainCount, sensorId: report.head.sensorId, time });
    memory.saveRain(rain);
    return rainFields(rain);
  };
  return async (report: Report, time: number): Promise<void> => {
    if (!report.readings) return;
    const device = report.report === 1 ? outdoor : console;
    await device.report({ ...readingFields(report), ...countedRain(report, time) }, time);
  };
}

/** `<id>/link`, the plugin's own state, a log line and an event where the state changes. */
function linkPublisher(hub: Hub<Config>, source: Source) {
  let published: string | undefined;
  return async (link: Link): Promise<void> => {
    const state = linkState(link);
    const advice = linkAdvice(link);
    const { accepted, rejected, reset } = link;
    const transport = source.transport();
    await hub.publish(
      `${hub.id}/link`,
      {
        time: Date.now(),
        state,
        advice,
        transport,
        accepted,
        rejected,
        ...(reset && { reset: { ...reset } }),
        ...markOf(source),
      },
      { retain: true },
    );
    if (state === published) return;
    if (LINK_REASONS[state]) hub.waiting(LINK_REASONS[state], advice);
    else hub.ready();
    hub.log.info(`link ${state}${advice && `: ${advice}`}`);
    if (published !== undefined) await hub.event('link', { state, was: published });
    published = state;
  };
}

async function resetPort(hub: Hub<Config>, reset: () => Promise<void>): Promise<Reset> {
  const time = Date.now();
  try {
    await reset();
    hub.log.warn('the USB port of the console was reset');
    return { time, outcome: 'undecided' };
  } catch (error) {
    hub.log.warn(`the USB port of the console could not be reset: ${errorText(error)}`);
    return { time, outcome: 'impossible', detail: errorText(error) };
  }
}
