import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import type { RunningHub } from './hub.ts';

export const CHROMIUM = '/usr/bin/chromium';
export const hasChromium = existsSync(CHROMIUM);

/** A name that leads to this machine and, unlike `localhost`, is no secure context: what a page has in most houses. */
export const LAN_NAME = 'house.test';

export const PHONE = { width: 390, height: 844 } as const;
export const DESKTOP = { width: 1280, height: 860 } as const;

/** A real browser with a profile of its own, and the page open in it. */
export interface Browser {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page did wrong so far: uncaught errors, console errors, violations of the content security policy. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

/** Starts Chromium. It talks to loopback only: all that calls home is switched off. */
export async function openBrowser(): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'cupboard-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    viewport: DESKTOP,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=MAP ${LAN_NAME} 127.0.0.1`,
    ],
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !isChatter(message.text())) faults.push(`console: ${message.text()}`);
  });
  return {
    page,
    context,
    faults,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

const PASSWORD = 'a quiet shelf';

/**
 * A plugin's page, with somebody new logged in. When the test ends the browser goes, and the page must have done
 * nothing wrong.
 */
export async function openPanel(
  hub: RunningHub,
  plugin: string,
  user: { readonly name: string; readonly role: 'admin' | 'viewer' } = { name: 'ann', role: 'admin' },
): Promise<Page> {
  expect((await hub.api('POST', '/api/v1/users', { ...user, password: PASSWORD })).status).toBe(201);
  const browser = await openBrowser();
  onTestFinished(async () => {
    await browser.close();
    expect(browser.faults).toEqual([]);
  });
  const { page } = browser;
  await page.goto(`${hub.http}/panel/${plugin}`);
  await page.getByLabel('Name').fill(user.name);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  return page;
}

/**
 * What the browser itself logs: every answer of 400 and more, every connection to a hub that is gone (those are for the
 * page to show, and the tests look at what it shows), and a header that only counts with TLS.
 */
const isChatter = (text: string) =>
  /^Failed to load resource|^WebSocket connection to .* failed|^The Cross-Origin-Opener-Policy header has been ignored/.test(
    text,
  );
