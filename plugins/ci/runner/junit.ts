import type { X2jOptions } from 'fast-xml-parser';
import type { TestSummary } from '../contract.ts';
import type { TestCase } from '../view.ts';

export const MAX_REPORT_BYTES = 10 * 1024 * 1024;
export const MAX_CASES = 5000;
const MAX_MESSAGE = 2000;

// Entities stay as they are written: a report cannot make them grow.
const OPTIONS: X2jOptions = {
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  processEntities: false,
  parseTagValue: false,
  parseAttributeValue: false,
  isArray: (name) => name === 'testsuite' || name === 'testcase',
};

type Element = { readonly [name: string]: unknown };

/**
 * Test cases of a JUnit XML report, whatever root it has (`testsuites` or `testsuite`, nested or not).
 * @throws Error where it is not XML
 */
export async function parseJunit(xml: string): Promise<TestCase[]> {
  const { XMLParser, XMLValidator } = await import('fast-xml-parser');
  const valid = XMLValidator.validate(xml);
  if (valid !== true) throw new Error(`line ${valid.err.line}: ${valid.err.msg}`);
  const cases: TestCase[] = [];
  // A stack of our own: a report nested a million deep must not use up the program's.
  const pending: { readonly element: Element; readonly suite: string }[] = [
    { element: new XMLParser(OPTIONS).parse(xml) as Element, suite: '' },
  ];
  for (let next = pending.pop(); next && cases.length < MAX_CASES; next = pending.pop()) {
    const { element, suite } = next;
    for (const each of elements(element, 'testcase')) cases.push(testCase(each, suite));
    for (const name of ['testsuite', 'testsuites']) {
      for (const each of elements(element, name).reverse()) {
        pending.push({ element: each, suite: attribute(each, 'name') || suite });
      }
    }
  }
  return cases.slice(0, MAX_CASES);
}

export function summarize(cases: readonly TestCase[]): TestSummary {
  const count = (state: TestCase['state']): number => cases.filter((it) => it.state === state).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}

function testCase(element: Element, suite: string): TestCase {
  const bad = ['failure', 'error', 'rerunFailure'].find((name) => name in element && name !== 'rerunFailure');
  const found = bad ?? ('skipped' in element ? 'skipped' : undefined);
  const seconds = Number(attribute(element, 'time').replaceAll(',', ''));
  const message = found === undefined ? '' : messageOf(element[found]);
  return {
    suite: attribute(element, 'classname') || suite,
    name: attribute(element, 'name'),
    state: bad ? 'failed' : found ? 'skipped' : 'passed',
    duration: Number.isFinite(seconds) && seconds > 0 ? Math.round(seconds * 1000) : 0,
    ...(message ? { message } : {}),
  };
}

function messageOf(value: unknown): string {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof first === 'string') return decode(first).slice(0, MAX_MESSAGE);
  const element = isElement(first) ? first : {};
  const text = element['#text'];
  const parts = [attribute(element, 'message'), typeof text === 'string' ? decode(text) : ''];
  return parts.filter(Boolean).join('\n').slice(0, MAX_MESSAGE);
}

function elements(parent: Element, name: string): Element[] {
  const value = parent[name];
  return (Array.isArray(value) ? value : [value]).flatMap((it: unknown) =>
    isElement(it) ? [it] : it === '' ? [{}] : [],
  );
}

const isElement = (value: unknown): value is Element => typeof value === 'object' && value !== null;

function attribute(element: Element, name: string): string {
  const value = element[`@${name}`];
  return typeof value === 'string' ? decode(value) : '';
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function decode(text: string): string {
  return text.replaceAll(
    /&(?:(lt|gt|quot|apos|amp)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));/g,
    (whole, name, decimal, hex) => {
      if (name) return ENTITIES[name] ?? whole;
      const code = decimal ? Number(decimal) : Number.parseInt(hex, 16);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
