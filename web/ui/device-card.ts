import type { Sensor } from 'cupboard/sdk';
import '../chart/spark.ts';
import { html, nothing, type TemplateResult } from 'lit';
import type { Device } from '../hub/house.ts';
import type { Hub } from '../hub/hub.ts';
import { type FieldState, fieldName, headlineField } from '../hub/readings.ts';
import { historyPath } from '../shell/routes.ts';
import { formatAge, formatTime } from './format.ts';

type Field = readonly [name: string, sensor: Sensor];
type StateOf = (field: string) => FieldState;

/** A card is read at a glance; a device with more than this keeps the rest folded, unless the rest is a single one. */
const FIRST_READINGS = 8;
/** Fields named in one line of advice. */
const MOST_NAMES = 5;

/** A device as it is now: one value large, the others beside it, and what is wrong with each by name. */
export function deviceCard(hub: Hub, device: Device): TemplateResult {
  const { description, report } = device;
  const headline = headlineField(description);
  const state: StateOf = (field) => hub.house.field(device, field);
  const fields = Object.entries(description.sensors).filter(([field, sensor]) => saysSomething(state(field), sensor));
  const isSimulated = description.simulated === true || report?.simulated === true;
  const rest = fields.filter(([field]) => field !== headline);
  return html`<article class="card device" aria-label=${description.name}>
    <header class="row apart">
      <h3>${description.name}</h3>
      ${isSimulated ? html`<span class="chip info" title="From a simulator or a replay, not from a device">Simulated</span>` : nothing}
    </header>
    <div class="device-body">
      ${headline ? headlineValue(hub, device, headline, state(headline)) : nothing}
      ${foldedReadings(hub, rest, state)}
    </div>
    ${adviceLines(fields, state)}
    <footer class="row apart small soft">
      <span>${report ? formatAge(report.time, hub.api.now()) : 'no report yet'}</span>
      ${headline ? html`<a href=${historyPath([seriesOf(device, headline)])}>History</a>` : nothing}
    </footer>
  </article>`;
}

/** An empty text says nothing, and what was never promised is not missed. */
function saysSomething(state: FieldState, { period }: Sensor): boolean {
  return state.kind === 'fresh' ? state.value !== '' : state.kind !== 'missing' || period !== undefined;
}

function headlineValue(hub: Hub, device: Device, field: string, state: FieldState): TemplateResult {
  const sensor = device.description.sensors[field];
  return html`<div class="headline">
    <div class="big-value">${fieldValue(hub, state, sensor)}</div>
    <div class="small soft">${fieldName(field, sensor)}</div>
    <spark-line .hub=${hub} .series=${seriesOf(device, field)}></spark-line>
  </div>`;
}

function foldedReadings(hub: Hub, fields: readonly Field[], state: StateOf): TemplateResult {
  const shown = fields.length <= FIRST_READINGS + 1 ? fields.length : FIRST_READINGS;
  const folded = fields.slice(shown);
  return html`<div class="stack tight">
    ${readings(hub, fields.slice(0, shown), state)}
    ${folded.length > 0 ? html`<details class="small"><summary>${folded.length} more</summary>${readings(hub, folded, state)}</details>` : nothing}
  </div>`;
}

function readings(hub: Hub, fields: readonly Field[], state: StateOf): unknown {
  if (fields.length === 0) return nothing;
  return html`<dl class="readings">
    ${fields.map(([field, sensor]) => html`<div><dt>${fieldName(field, sensor)}</dt><dd>${fieldValue(hub, state(field), sensor)}</dd></div>`)}
  </dl>`;
}

function fieldValue(hub: Hub, state: FieldState, sensor: Sensor | undefined): unknown {
  switch (state.kind) {
    case 'fresh':
      return freshValue(hub, state.value, sensor);
    case 'stale':
      return html`<span class="chip warn" title=${state.advice}>Stale${state.since ? ` · ${formatAge(state.since, hub.api.now())}` : ''}</span>`;
    case 'invalid':
      return html`<span class="chip bad" title=${state.advice}>Invalid</span>`;
    case 'missing':
      return html`<span class="chip" title=${state.advice}>No reading</span>`;
  }
}

function freshValue(hub: Hub, value: number | string | boolean, sensor: Sensor | undefined): unknown {
  if (typeof value === 'boolean') return booleanWord(value, sensor?.device_class);
  if (sensor?.device_class === 'timestamp') return formatTime(new Date(value).getTime(), hub.settings.timezone);
  if (typeof value === 'string') return value;
  const shown = hub.show(value, sensor?.unit);
  const number = shown.text.slice(0, shown.text.length - shown.unit.length).trimEnd();
  return html`<span class="value">${number}</span>${shown.unit ? html`<span class="unit">${shown.unit}</span>` : nothing}`;
}

function booleanWord(value: boolean, deviceClass: string | undefined): string {
  if (deviceClass === 'battery') return value ? 'low' : 'ok';
  if (deviceClass === 'problem') return value ? 'problem' : 'ok';
  return value ? 'yes' : 'no';
}

/** One line per kind of trouble, not one per field. */
function adviceLines(fields: readonly Field[], state: StateOf): unknown {
  const advice = new Map<string, string[]>();
  let isWaiting = true;
  for (const [field, sensor] of fields) {
    const found = state(field);
    if (found.kind === 'fresh') continue;
    if (found.kind !== 'missing') isWaiting = false;
    advice.set(found.advice, [...(advice.get(found.advice) ?? []), fieldName(field, sensor)]);
  }
  if (advice.size === 0) return nothing;
  return html`<ul class="advice small ${isWaiting ? 'calm' : ''}">
    ${[...advice].map(([line, names]) => html`<li>${names.length < fields.length ? html`<b>${shortList(names)}</b>: ` : nothing}${line}</li>`)}
  </ul>`;
}

const shortList = (names: readonly string[]): string =>
  names.length <= MOST_NAMES
    ? names.join(', ')
    : `${names.slice(0, MOST_NAMES - 1).join(', ')} and ${names.length - MOST_NAMES + 1} more`;

const seriesOf = ({ plugin, id }: Device, field: string) => `${plugin}/${id}/${field}`;
