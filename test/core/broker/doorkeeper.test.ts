import { expect, test } from 'vitest';
import { Doorkeeper } from '../../../core/broker/doorkeeper.ts';

function door(now = { ms: 0 }) {
  return new Doorkeeper(
    () => ({ connections_per_address: 3, connects_per_minute: 5 }),
    () => now.ms,
  );
}

test('an address has so many connections at once, and room again when one ends', () => {
  const keeper = door();
  const enter = () => keeper.enter('192.0.2.7', false);
  expect([enter(), enter(), enter()]).toEqual([undefined, undefined, undefined]);
  expect(enter()).toContain('broker.limits.connections_per_address is reached (3)');
  expect(keeper.enter('192.0.2.8', false)).toBeUndefined();
  keeper.leave('192.0.2.7');
  expect(enter()).toBeUndefined();
});

test('an address that comes back too often has to wait for the next minute; this machine does not', () => {
  const now = { ms: 0 };
  const keeper = door(now);
  const visit = (isLocal: boolean) => {
    const refusal = keeper.enter('192.0.2.7', isLocal);
    if (!refusal) keeper.leave('192.0.2.7');
    return refusal;
  };
  for (let count = 0; count < 5; count += 1) expect(visit(false)).toBeUndefined();
  expect(visit(false)).toContain('broker.limits.connects_per_minute is reached (5)');
  expect(visit(true)).toBeUndefined();
  now.ms += 60_000;
  expect(visit(false)).toBeUndefined();
});
