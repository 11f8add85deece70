import { hubClient, query } from './client.ts';
import { oneLine, print, printJson, printRows } from './output.ts';

interface TopicRow {
  readonly topic: string;
  readonly payload: string;
  readonly time: number;
  readonly qos: number;
  readonly encoding?: 'base64';
}

/** Retained messages. */
export async function listTopics(dataDir: string, filter: string, json?: boolean): Promise<void> {
  const rows = await hubClient(dataDir).get<TopicRow[]>(`/api/v1/topics${query({ filter })}`);
  printRows(
    rows,
    [
      ['TOPIC', (row) => row.topic],
      ['PAYLOAD', (row) => (row.encoding ? `(${row.payload.length} characters of base64)` : row.payload)],
    ],
    json,
  );
}

export async function publish(
  dataDir: string,
  topic: string,
  payload: string,
  options: { retain?: boolean; qos: number },
): Promise<void> {
  const body = { topic, payload, qos: options.qos, retain: options.retain ?? false };
  await hubClient(dataDir).send('POST', '/api/v1/publish', body);
}

/** Runs a plugin's command and prints its answer; tells whether the answer was good. */
export async function runCommand(dataDir: string, plugin: string, name: string, args: object): Promise<boolean> {
  const path = `/api/v1/plugins/${encodeURIComponent(plugin)}/commands/${encodeURIComponent(name)}`;
  const answer = await hubClient(dataDir).send<{ ok?: boolean }>('POST', path, args);
  printJson(answer);
  return answer.ok === true;
}

/** Prints what is published, retained messages first, until it is interrupted or `count` messages have come. */
export async function subscribe(
  dataDir: string,
  filter: string,
  options: { json?: boolean; count?: number },
): Promise<void> {
  const { connectLive } = await import('./live.ts');
  let left = options.count ?? Number.POSITIVE_INFINITY;
  await connectLive(dataDir, filter, ({ topic, payload, retained }) => {
    const text = payload.toString();
    print(options.json ? JSON.stringify({ topic, payload: text, retained }) : `${topic} ${oneLine(text)}`);
    left -= 1;
    return left > 0;
  });
}
