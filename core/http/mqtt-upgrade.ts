import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import { errorText } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import type { HttpParts } from './contract.ts';
import type { PeerOf } from './forwarded.ts';
import { type Gate, requireRole, toIdentity } from './gate.ts';
import { HttpProblem, toProblem } from './problem.ts';

export interface MqttUpgrade {
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

/** RFC 6455's close code for "policy": the login that opened the connection has ended. */
const LOGIN_ENDED = 1008;

/** A frame may hold one packet, and a few small ones beside it. */
const FRAME_MARGIN = 64 * 1024;

interface UpgradeParts extends Pick<HttpParts, 'accounts' | 'broker' | 'config'> {
  readonly gate: Gate;
  readonly peerOf: PeerOf;
  readonly log: Logger;
}

/** MQTT over WebSocket at `/mqtt`, for who is logged in. */
export function createMqttUpgrade({ gate, peerOf, accounts, broker, config, log }: UpgradeParts): MqttUpgrade {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: config.current.broker.limits.packet_bytes + FRAME_MARGIN,
    // MQTT 3.1 clients of old say mqttv3.1; nothing else is spoken here.
    handleProtocols: (offered) => ['mqtt', 'mqttv3.1'].find((each) => offered.has(each)) ?? false,
  });
  const byLogin = new Map<string, Set<WebSocket>>();
  accounts.onEnd((key) => {
    for (const socket of byLogin.get(key) ?? []) socket.close(LOGIN_ENDED, 'logged out');
  });

  const remember = (key: string, socket: WebSocket) => {
    const sockets = byLogin.get(key) ?? new Set();
    byLogin.set(key, sockets.add(socket));
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0) byLogin.delete(key);
    });
  };

  return {
    handle(request, socket, head) {
      socket.on('error', (error) => log.debug(`a WebSocket ended early: ${errorText(error)}`));
      try {
        if (new URL(request.url ?? '/', 'http://hub').pathname !== '/mqtt') {
          throw new HttpProblem(404, 'route_unknown', 'WebSockets are at /mqtt only');
        }
        const caller = requireRole(gate.admit(request), 'viewer');
        server.handleUpgrade(request, socket, head, (webSocket) => {
          if (caller.via !== 'socket') remember(caller.key, webSocket);
          broker.accept(createWebSocketStream(webSocket), peerOf(request).address, toIdentity(caller));
        });
      } catch (error) {
        refuse(socket, error);
      }
    },
    close() {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

function refuse(socket: Duplex, error: unknown): void {
  const { status, detail } = toProblem(error)?.body ?? { status: 500, detail: 'a fault of the hub' };
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'connection: close', 'content-type: text/plain'];
  socket.end(`${head.join('\r\n')}\r\n\r\n${detail}\n`);
}
