import { MqttClient } from 'mqtt';
import { createWebSocketStream, WebSocket } from 'ws';
import { errorText, HubError } from '../support/errors.ts';
import { hubClient, unreachable } from './client.ts';

export interface LiveMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retained: boolean;
}

/**
 * Subscribes as admin over the hub's own socket (MQTT over WebSocket, as the page does) and hands over every message
 * until `onMessage` answers false or the process is interrupted.
 */
export function connectLive(
  dataDir: string,
  filter: string,
  onMessage: (message: LiveMessage) => boolean,
): Promise<void> {
  const { socketPath } = hubClient(dataDir);
  return new Promise((resolve, reject) => {
    const open = () => {
      const socket = new WebSocket(`ws+unix://${socketPath}:/mqtt`, 'mqtt');
      // Asked first: the MQTT client only learns that the connection closed, not why.
      socket.once('error', (error) => fail(unreachable(error, dataDir, socketPath)));
      return createWebSocketStream(socket);
    };
    const client = new MqttClient(open, { protocolVersion: 5, reconnectPeriod: 0, keepalive: 60 });
    const fail = (error: unknown) => {
      reject(error);
      client.end(true);
    };
    const finish = () => {
      resolve();
      client.end(true);
    };

    client.on('error', fail);
    client.on('close', () => fail(new HubError('hub_lost', `the hub on ${dataDir} ended the connection`)));
    client.on('message', (topic, payload, { retain }) => {
      if (!client.disconnecting && !onMessage({ topic, payload, retained: retain })) finish();
    });
    client.once('connect', () => {
      client.subscribeAsync(filter).catch((error: unknown) => {
        fail(new HubError('subscribe_denied', `the hub refused the filter "${filter}": ${errorText(error)}`));
      });
    });
    process.once('SIGINT', finish).once('SIGTERM', finish);
  });
}
