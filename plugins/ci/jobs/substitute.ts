import type { Budget } from './limits.ts';
import { Refusal } from './problem.ts';

/** Values by the names they have between braces. */
export type Variables = Readonly<Record<string, unknown>>;

/** What Jenkins Job Builder's formatter knows: `{{`, `}}`, `{name}`, `{name|default}`, `{obj:name}`. */
const FIELD = /\{\{|\}\}|\{(?:obj:)?([A-Za-z_][\w-]*)(?:\|([^}]{0,1000}))?\}|[{}]/g;
const WHOLE = /^\{(?:obj:)?([A-Za-z_][\w-]*)\}$/;

/**
 * Puts variables into every text of a value, keys too. Text that is nothing but one variable becomes the variable's
 * value with its type. What is put in is not searched again, so that it cannot grow without end.
 * @throws Refusal where a variable is missing, a brace stands alone, or the budget is used up
 */
export function substitute(value: unknown, variables: Variables, budget: Budget): unknown {
  if (typeof value === 'string') return substituteText(value, variables, budget);
  if (value === null || typeof value !== 'object') return value;
  budget.spend('values');
  if (Array.isArray(value)) return value.map((item) => substitute(item, variables, budget));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      String(substituteText(key, variables, budget)),
      substitute(item, variables, budget),
    ]),
  );
}

function substituteText(text: string, variables: Variables, budget: Budget): unknown {
  const [, whole] = WHOLE.exec(text) ?? [];
  if (whole !== undefined) {
    const value = lookUp(whole, variables);
    budget.spend('characters', typeof value === 'string' ? value.length : 1);
    return value;
  }
  budget.spend('characters', text.length);
  return text.replace(FIELD, (field, name: string | undefined, otherwise: string | undefined) => {
    if (field === '{{' || field === '}}') return field.charAt(0);
    if (name === undefined) throw new Refusal(`a single ${field}: write ${field}${field} for the character itself`);
    const value = otherwise !== undefined && !Object.hasOwn(variables, name) ? otherwise : lookUp(name, variables);
    if (value !== null && typeof value === 'object') {
      throw new Refusal(`{${name}} is a list or mapping and cannot stand inside text`);
    }
    const inserted = String(value);
    budget.spend('characters', inserted.length);
    return inserted;
  });
}

function lookUp(name: string, variables: Variables): unknown {
  if (Object.hasOwn(variables, name)) return variables[name];
  throw new Refusal(`no value for {${name}}; a brace of the shell's is written twice: {{${name}}}`);
}

/** Names of the variables that a value's texts ask for. */
export function variablesIn(value: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  const search = (item: unknown): void => {
    if (typeof item === 'string') {
      for (const [, name] of item.matchAll(FIELD)) if (name !== undefined) names.add(name);
    } else if (item !== null && typeof item === 'object') {
      for (const [key, inner] of Object.entries(item)) {
        search(key);
        search(inner);
      }
    }
  };
  search(value);
  return names;
}
