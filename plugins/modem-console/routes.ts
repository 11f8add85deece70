import type { IncomingHttpHeaders } from 'node:http';
import type { Router } from 'express';
import type { FromTerminal, ToTerminal } from './protocol.ts';
import type { Session } from './session.ts';
import { Terminal } from './terminal.ts';

const LARGEST_MESSAGE = '256kb';
/** ms between two empty lines that keep a quiet stream from looking dead. */
const HEARTBEAT = 15_000;

/**
 * The terminals of the page. `GET terminal/<console>` is a stream of messages that ends when the page goes, and the
 * keyboard with it; `POST terminal/<client>` asks. The hub lets viewers do the former and only admins the latter.
 */
export async function serveTerminals(router: Router, sessions: ReadonlyMap<string, Session>): Promise<void> {
  const { json } = await import('express');
  const terminals = new Map<string, Terminal>();

  router.get('/terminal/:console', (request, response) => {
    const session = sessions.get(request.params.console);
    if (!session) return void response.status(404).json({ ok: false, error: 'no such console' });
    response.set({ 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    response.flushHeaders();
    const terminal = new Terminal(
      session,
      { name: userOf(request.headers), way: 'page' },
      {
        send: (message: ToTerminal) => void response.write(`${JSON.stringify(message)}\n`),
        get backlog() {
          return response.writableLength;
        },
      },
    );
    terminals.set(terminal.id, terminal);
    const heartbeat = setInterval(() => response.write('\n'), HEARTBEAT);
    response.on('close', () => {
      clearInterval(heartbeat);
      terminals.delete(terminal.id);
      terminal.close();
    });
  });

  router.post('/terminal/:client', json({ limit: LARGEST_MESSAGE }), async (request, response) => {
    const terminal = terminals.get(request.params.client);
    // The hub asks for an admin already; a keyboard must not hang on one check.
    if (request.headers['x-cupboard-role'] !== 'admin') {
      return void response.status(403).json({ type: 'answer', ok: false, code: 'forbidden', error: 'admins only' });
    }
    if (!terminal) {
      const gone = {
        type: 'answer',
        ok: false,
        code: 'keyboard_lost',
        error: 'this terminal is not connected any more',
      };
      return void response.status(404).json(gone);
    }
    response.json(await terminal.handle(request.body as FromTerminal));
  });
}

function userOf(headers: IncomingHttpHeaders): string {
  const name = headers['x-cupboard-user'];
  return typeof name === 'string' ? name : 'unknown';
}
