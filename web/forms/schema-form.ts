import type { Json, JsonObject } from 'cupboard/sdk';
import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { ifDefined } from 'lit/directives/if-defined.js';
import { live } from 'lit/directives/live.js';
import { icons } from '../ui/icons.ts';
import { LightElement } from '../ui/light-element.ts';
import { blankOf, isObject, kindOf, labelOf, type Path, pathText, type Schema, withValue } from './schema.ts';

interface Field {
  readonly schema: Schema;
  readonly path: Path;
  readonly label: string;
  readonly value: Json | undefined;
  readonly required: boolean;
}

let forms = 0;

/** A form drawn from JSON Schema. Fires `value-changed` with the whole value; what the schema cannot say is JSON text. */
@customElement('schema-form')
export class SchemaForm extends LightElement {
  @property({ attribute: false }) schema: Schema = {};
  /** By dotted path, from the hub. */
  @property({ attribute: false }) problems: ReadonlyMap<string, string> = new Map();
  @property({ type: Boolean }) disabled = false;
  /** JSON as it is being typed, by path: kept as typed, so that drawing again does not move the cursor. */
  @state() private drafts = new Map<string, string>();
  readonly #name = `form-${++forms}`;
  #given: JsonObject = {};
  #edited: JsonObject = this.#given;

  get value(): JsonObject {
    return this.#edited;
  }
  /** The page around draws itself often and gives the same object each time: that must not undo what was typed. */
  set value(given: JsonObject) {
    if (given === this.#given) return;
    this.#given = given;
    this.#edited = given;
    this.requestUpdate();
  }

  /** False while a JSON text cannot be read. */
  get isValid(): boolean {
    return [...this.drafts.values()].every(isJson);
  }

  protected override render(): TemplateResult {
    const known = new Set(Object.keys(this.schema.properties ?? {}));
    const others = [...this.problems].filter(([path]) => !known.has(path.split('.')[0] ?? ''));
    return html`<div class="stack">
      ${others.map(([path, message]) => html`<p class="problem-line">${path ? html`<code>${path}</code>: ` : nothing}${message}</p>`)}
      ${this.#renderProperties(this.schema, [], this.value)}
    </div>`;
  }

  #renderProperties(schema: Schema, path: Path, value: JsonObject): TemplateResult[] {
    const required = new Set(schema.required ?? []);
    return Object.entries(schema.properties ?? {}).map(([key, property]) =>
      this.#renderField({
        schema: property,
        path: [...path, key],
        label: labelOf(key, property),
        value: value[key],
        required: required.has(key),
      }),
    );
  }

  #renderField(field: Field): TemplateResult {
    switch (kindOf(field.schema)) {
      case 'object':
        return this.#renderObject(field);
      case 'list':
        return this.#renderList(field);
      case 'boolean':
        return this.#renderBoolean(field);
      case 'choice':
        return this.#renderFrame(field, this.#renderChoice(field));
      case 'number':
        return this.#renderFrame(field, this.#renderNumber(field));
      case 'json':
        return this.#renderFrame(field, this.#renderJson(field));
      case 'password':
        return this.#renderFrame(field, this.#renderText(field, 'password'));
      default:
        return this.#renderFrame(field, this.#renderText(field, field.schema.format === 'uri' ? 'url' : 'text'));
    }
  }

  #renderFrame(field: Field, control: TemplateResult): TemplateResult {
    return html`<div class="field">
      <label for=${this.#id(field)}>${field.label}${field.required ? html` <span class="soft small">needed</span>` : nothing}</label>
      ${control} ${this.#renderHelp(field)}
    </div>`;
  }

  #renderHelp({ schema, path }: Field): TemplateResult | typeof nothing {
    const problem = this.#problem(path);
    if (!problem && !schema.description) return nothing;
    return html`<div class="help" id=${`${this.#name}.${pathText(path)}.help`}>
      ${problem ? html`<div class="problem">${problem}</div>` : nothing}${schema.description ?? nothing}
    </div>`;
  }

  #renderObject(field: Field): TemplateResult {
    const value = isObject(field.value) ? field.value : {};
    return html`<fieldset>
      <legend>${field.label}</legend>
      <div class="stack">${this.#renderHelp(field)} ${this.#renderProperties(field.schema, field.path, value)}</div>
    </fieldset>`;
  }

  #renderList(field: Field): TemplateResult {
    const items = Array.isArray(field.value) ? (field.value as readonly Json[]) : [];
    const schema = field.schema.items ?? {};
    const add = () => this.#set([...field.path, items.length], blankOf(schema));
    return html`<fieldset>
      <legend>${field.label}</legend>
      <div class="stack">
        ${this.#renderHelp(field)}
        ${items.map((value, index) => {
          const label = `${schema.title ?? field.label} ${index + 1}`;
          const path = [...field.path, index];
          return html`<div class="list-item">
            <div class="grow">${this.#renderField({ schema, path, label, value, required: true })}</div>
            <button type="button" class="icon-button" aria-label=${`Remove ${label}`} ?disabled=${this.disabled} @click=${() => this.#set(path, undefined)}>
              ${icons.remove}
            </button>
          </div>`;
        })}
        <div><button type="button" class="button" ?disabled=${this.disabled} @click=${add}>${icons.plus} Add</button></div>
      </div>
    </fieldset>`;
  }

  #renderBoolean(field: Field): TemplateResult {
    const checked = (field.value ?? field.schema.default) === true;
    return html`<div class="field inline">
      <input type="checkbox" id=${this.#id(field)} .checked=${live(checked)} ?disabled=${this.disabled}
        aria-describedby=${this.#describedBy(field)}
        @change=${(event: Event) => this.#set(field.path, (event.target as HTMLInputElement).checked)} />
      <div class="grow"><label for=${this.#id(field)}>${field.label}</label> ${this.#renderHelp(field)}</div>
    </div>`;
  }

  #renderChoice(field: Field): TemplateResult {
    const choices = field.schema.enum ?? [];
    const change = ({ target }: Event) =>
      this.#set(field.path, choices[Number.parseInt((target as HTMLSelectElement).value, 10)]);
    const standard = field.schema.default;
    return html`<select id=${this.#id(field)} ?disabled=${this.disabled} aria-invalid=${this.#invalid(field)}
      aria-describedby=${this.#describedBy(field)} @change=${change}>
      <option value="" .selected=${live(field.value === undefined)}>${standard === undefined ? 'Not set' : `Default: ${String(standard)}`}</option>
      ${choices.map((choice, index) => html`<option value=${index} .selected=${live(choice === field.value)}>${String(choice)}</option>`)}
    </select>`;
  }

  #renderNumber(field: Field): TemplateResult {
    const { schema } = field;
    const input = (event: Event) => {
      const { value, valueAsNumber } = event.target as HTMLInputElement;
      this.#set(field.path, value === '' || Number.isNaN(valueAsNumber) ? undefined : valueAsNumber);
    };
    return html`<input type="number" inputmode="decimal" id=${this.#id(field)} step=${schema.type === 'integer' ? '1' : 'any'}
      min=${ifDefined(schema.minimum)} max=${ifDefined(schema.maximum)} placeholder=${placeholder(schema)}
      .value=${live(String(field.value ?? ''))} ?disabled=${this.disabled} aria-invalid=${this.#invalid(field)}
      aria-describedby=${this.#describedBy(field)} @input=${input} />`;
  }

  #renderText(field: Field, type: 'text' | 'password' | 'url'): TemplateResult {
    const input = (event: Event) => {
      const { value } = event.target as HTMLInputElement;
      this.#set(field.path, value === '' && !field.required ? undefined : value);
    };
    return html`<input type=${type} id=${this.#id(field)} placeholder=${placeholder(field.schema)}
      autocomplete=${type === 'password' ? 'new-password' : 'off'} spellcheck="false"
      .value=${live(String(field.value ?? ''))} ?disabled=${this.disabled} aria-invalid=${this.#invalid(field)}
      aria-describedby=${this.#describedBy(field)} @input=${input} />`;
  }

  #renderJson(field: Field): TemplateResult {
    const key = pathText(field.path);
    const text = this.drafts.get(key) ?? (field.value === undefined ? '' : JSON.stringify(field.value, null, 2));
    const input = (event: Event) => this.#takeJson(field.path, (event.target as HTMLTextAreaElement).value);
    return html`<textarea id=${this.#id(field)} spellcheck="false" placeholder=${placeholder(field.schema) || 'JSON'} .value=${live(text)}
      ?disabled=${this.disabled} aria-invalid=${this.#invalid(field)} aria-describedby=${this.#describedBy(field)}
      @input=${input} @change=${() => this.#tidyJson(key)}></textarea>`;
  }

  #takeJson(path: Path, text: string): void {
    this.drafts = new Map(this.drafts).set(pathText(path), text);
    if (isJson(text)) this.#set(path, text.trim() === '' ? undefined : (JSON.parse(text) as Json));
  }

  /** Typing is over: what can be read is shown laid out; what cannot stays as typed, and #problem says so beside it. */
  #tidyJson(key: string): void {
    if (!isJson(this.drafts.get(key) ?? '')) return;
    const drafts = new Map(this.drafts);
    drafts.delete(key);
    this.drafts = drafts;
  }

  #set(path: Path, next: Json | undefined): void {
    this.#edited = withValue(this.#edited, path, next) as JsonObject;
    this.requestUpdate();
    this.dispatchEvent(new CustomEvent('value-changed', { detail: this.value }));
  }

  #problem(path: Path): string | undefined {
    const key = pathText(path);
    return isJson(this.drafts.get(key) ?? '') ? this.problems.get(key) : 'This is not JSON yet';
  }

  #describedBy(field: Field): string | typeof nothing {
    return field.schema.description || this.#problem(field.path) ? `${this.#id(field)}.help` : nothing;
  }

  #id({ path }: Field): string {
    return `${this.#name}.${pathText(path)}`;
  }

  #invalid(field: Field): 'true' | 'false' {
    return this.#problem(field.path) ? 'true' : 'false';
  }
}

/** Nothing at all counts too: it takes the value away. */
function isJson(text: string): boolean {
  if (text.trim() === '') return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function placeholder(schema: Schema): string {
  const example = schema.default ?? schema.examples?.[0];
  return example === undefined ? '' : typeof example === 'string' ? example : JSON.stringify(example);
}

declare global {
  interface HTMLElementTagNameMap {
    'schema-form': SchemaForm;
  }
}
