import { expect, test } from 'vitest';
import { parseJunit, summarize } from '../../../../plugins/ci/runner/junit.ts';

test('reads suites in suites, failures, errors and skipped tests', async () => {
  const cases = await parseJunit(`<?xml version="1.0"?>
    <testsuites><testsuite name="outer"><testsuite name="inner">
      <testcase classname="lamp.Switch" name="turns on" time="0.012"/>
      <testcase name="dims &lt;slowly&gt;" time="1,234.5"><failure message="expected 1 &amp; got 2">at lamp.ts:3</failure></testcase>
      <testcase name="glows"><error message="no mains"/><system-out>x</system-out></testcase>
      <testcase name="blinks"><skipped/></testcase>
    </testsuite></testsuite></testsuites>`);
  expect(cases).toEqual([
    { suite: 'lamp.Switch', name: 'turns on', state: 'passed', duration: 12 },
    {
      suite: 'inner',
      name: 'dims <slowly>',
      state: 'failed',
      duration: 1_234_500,
      message: 'expected 1 & got 2\nat lamp.ts:3',
    },
    { suite: 'inner', name: 'glows', state: 'failed', duration: 0, message: 'no mains' },
    { suite: 'inner', name: 'blinks', state: 'skipped', duration: 0 },
  ]);
  expect(summarize(cases)).toEqual({ passed: 1, failed: 2, skipped: 1 });
});

test('expands no entities', async () => {
  const lol = Array.from({ length: 9 }, (_, index) => `<!ENTITY l${index + 1} "${`&l${index};`.repeat(10)}">`).join('');
  const bomb = `<!DOCTYPE x [<!ENTITY l0 "lol">${lol}<!ENTITY file SYSTEM "file:///etc/passwd">]>`;
  const report = `${bomb}<testsuite><testcase name="&l9;&file;"/></testsuite>`;
  const names = await parseJunit(report).then(
    (cases) => cases.map(({ name }) => name),
    () => [],
  );
  expect(names.join('')).not.toMatch(/lollol|root:/);
});

test('refuses what is not XML, and what is nested without end', async () => {
  await expect(parseJunit('<testsuite><testcase>')).rejects.toThrow();
  await expect(parseJunit('PASS 3 tests')).rejects.toThrow();
  const deep = `${'<testsuite>'.repeat(50_000)}<testcase name="a"/>${'</testsuite>'.repeat(50_000)}`;
  const found = await parseJunit(deep).then(
    (cases) => cases.length,
    () => 0,
  );
  expect(found).toBeLessThan(2);
});
