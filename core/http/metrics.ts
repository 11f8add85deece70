import type { HttpParts } from './contract.ts';
import type { Vitals } from './vitals.ts';

export type MetricsParts = Pick<HttpParts, 'broker' | 'recorder' | 'plugins'>;

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** Prometheus' text format, version 0.0.4. */
export function metricsText(vitals: Vitals, { broker, recorder, plugins }: MetricsParts): string {
  const routed = broker.stats();
  const recorded = recorder.stats();
  const rows = plugins.list();
  const lag = vitals.core.eventLoopLagMs;
  return [
    gauge('info', 'Version of the hub', [[{ version: vitals.version }, 1]]),
    gauge('degraded', '1 while the hub is degraded', vitals.status === 'ok' ? 0 : 1),
    gauge('uptime_seconds', 'Since the hub was started', vitals.core.uptimeSeconds),
    gauge('resident_memory_bytes', 'Memory of the core process', vitals.core.rssBytes),
    gauge('event_loop_lag_seconds', 'Delay of the event loop in the current minute', [
      [{ of: 'mean' }, lag.mean / 1000],
      [{ of: 'p99' }, lag.p99 / 1000],
      [{ of: 'max' }, lag.max / 1000],
    ]),
    gauge('disk_free_bytes', 'Free where the data directory is', vitals.diskFreeBytes),
    gauge('broker_clients', 'Connected MQTT clients', routed.clients),
    counter('broker_received_messages_total', 'Messages published to the broker', routed.received),
    counter('broker_sent_messages_total', 'Messages delivered by the broker', routed.sent),
    gauge('broker_retained_messages', 'Retained messages', routed.retained),
    gauge('broker_retained_bytes', 'Bytes of retained messages', routed.retainedBytes),
    gauge('broker_queued_messages', 'Messages kept for absent sessions', routed.queuedMessages),
    gauge('broker_journal_messages', 'Messages not yet durable', routed.journalWaiting),
    gauge('recorder_series', 'Recorded series', recorded.series),
    gauge('recorder_refused_series', 'Series refused because of the cap', recorded.refused),
    gauge('recorder_waiting_readings', 'Readings not yet written', recorded.waiting),
    counter('recorder_written_readings_total', 'Readings written', recorded.written),
    gauge('recorder_bytes', 'Size of recorder.db', recorded.bytes),
    gauge(
      'plugin_state',
      'The state a plugin is in',
      rows.map(({ id, state }) => [{ plugin: id, state }, 1]),
    ),
    counter(
      'plugin_restarts_total',
      'Restarts after a fault',
      rows.map(({ id, restarts }) => [{ plugin: id }, restarts]),
    ),
    gauge(
      'plugin_resident_memory_bytes',
      'Memory of the plugin process',
      rows.flatMap(({ id, rssBytes }): Sample[] => (rssBytes === undefined ? [] : [[{ plugin: id }, rssBytes]])),
    ),
  ].join('');
}

const gauge = (name: string, help: string, samples: number | readonly Sample[]) => metric('gauge', name, help, samples);
const counter = (name: string, help: string, samples: number | readonly Sample[]) =>
  metric('counter', name, help, samples);

function metric(type: string, name: string, help: string, samples: number | readonly Sample[]): string {
  const all: readonly Sample[] = typeof samples === 'number' ? [[{}, samples]] : samples;
  const lines = all.map(([labels, value]) => `cupboard_${name}${labelText(labels)} ${value}`);
  return `${[`# HELP cupboard_${name} ${help}`, `# TYPE cupboard_${name} ${type}`, ...lines].join('\n')}\n`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
