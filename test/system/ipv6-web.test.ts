import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { openPanel, PHONE } from '../support/browser.ts';
import { type RunningHub, startHub, waitFor } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';

const PANEL = 'ipv6-watchdog-panel';
/** Averages of two traces to one host, as mtr -r reports them. */
const report = (...averages: readonly number[]) =>
  averages.map((ms, index) => ` ${index + 1}.|-- hop${index + 1}  0.0%  1  ${ms}  ${ms}  ${ms}  ${ms}  0.0`).join('\n');

async function openWatchdog(role: 'admin' | 'viewer'): Promise<{ hub: RunningHub; page: Page }> {
  const tunnels = { sydney: { kind: 'simulator', lan: 'br0', prefix: '2001:db8:1::/64' } };
  const hub = await startHub({ config: { timezone: 'Europe/London', plugins: { 'ipv6-watchdog': { tunnels } } } });
  const page = await openPanel(hub, 'ipv6-watchdog', { name: role, role });
  await page.getByRole('region', { name: 'Tunnel sydney' }).waitFor();
  return { hub, page };
}

describe('the page of the watchdog, in Chromium', () => {
  testNeeding('chromium')('shows state, cost and findings, acts, and is accessible on a phone', async () => {
    const { hub, page } = await openWatchdog('admin');
    const tunnel = page.getByRole('region', { name: 'Tunnel sydney' });
    await tunnel.getByText('Simulated').waitFor();
    await tunnel.locator('.band rect').nth(3).waitFor({ state: 'attached' });
    await page.getByRole('region', { name: 'Cost' }).getByText('www.wikipedia.org').waitFor();

    await page.getByLabel(/^Over IPv6/).fill(report(1.4, 12, 14.1, 115.1, 194.9));
    await page.getByLabel(/^Over IPv4/).fill(report(1.3, 11, 10.4));
    await page.getByRole('button', { name: 'Compare' }).click();
    const compared = page.getByRole('region', { name: 'Compare two traces' }).getByRole('status');
    expect(await compared.textContent()).toMatch(/184\.5 ms dearer.*from hop 3 to 4, behind the tunnel.*turn off/s);

    await page.getByText('Check a rule set from elsewhere').click();
    await page.getByLabel(/^What ip6tables/).fill('-P INPUT ACCEPT\n-P FORWARD DROP\n-A FORWARD -i br0 -j ACCEPT');
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await page.getByText('anyone can open any port of this machine through the tunnel').waitFor();
    await page.getByRole('button', { name: 'Text for radvd.conf' }).click();
    await page.getByText('prefix 2001:db8:1::/64').waitFor();

    await tunnel.getByRole('button', { name: 'Turn off' }).click();
    await tunnel.getByRole('button', { name: 'Turn on' }).waitFor();
    await waitFor('the topic', async () => {
      const { body } = await hub.api<{ payload: string }[]>(
        'GET',
        '/api/v1/topics?filter=ipv6-watchdog/sydney/verdict',
      );
      return body[0]?.payload === 'off';
    });

    await page.setViewportSize(PHONE);
    await page.evaluate(axe.source);
    const found = await page.evaluate<AxeResults>(`axe.run('${PANEL}', { resultTypes: ['violations'] })`);
    expect(found.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width);
  });

  testNeeding('chromium')('lets a viewer look and change nothing', async () => {
    const { page } = await openWatchdog('viewer');
    await page.locator(`${PANEL} cupboard-chart canvas`).first().waitFor();
    expect(await page.getByRole('button', { name: /Turn off|Restart|Prefer IPv4|Probe|Check|Compare/ }).count()).toBe(
      0,
    );
  });
});
