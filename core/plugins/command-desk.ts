import { randomUUID } from 'node:crypto';
import type { Broker, HubMessage } from '../broker/contract.ts';
import { nearMiss } from '../config/near-miss.ts';
import { checkArguments } from '../sdk/commands.ts';
import type { Json, JsonObject } from '../sdk/contract.ts';
import type { CommandDeclaration, CommandOutcome } from './contract.ts';
import type { Supervisor } from './supervisor.ts';

const DEFAULT_TIMEOUT_S = 30;
const RESULT = '/result';

export interface CommandRequest {
  readonly id: string;
  readonly name: string;
  readonly args: JsonObject;
  readonly from: { readonly user: string; readonly admin: boolean };
  readonly declared: Readonly<Record<string, CommandDeclaration>>;
  readonly supervisor: Supervisor;
}

/** Gives commands to plugins for HTTP and the command line, over the same topics as anyone else, and waits for answers. */
export class CommandDesk {
  readonly #waiting = new Map<string, (answer: JsonObject) => void>();
  #unsubscribe: (() => void) | undefined;

  constructor(private readonly broker: Broker) {}

  async open(): Promise<void> {
    this.#unsubscribe = await this.broker.subscribe(`+/command/+${RESULT}`, (message) => this.#onResult(message));
  }

  close(): void {
    this.#unsubscribe?.();
  }

  async run(request: CommandRequest): Promise<CommandOutcome> {
    const { id, name, args, from, declared } = request;
    const declaration = declared[name];
    if (!declaration) {
      const near = nearMiss(name, Object.keys(declared));
      return { kind: 'unknown', message: `${id} has no command "${name}"${near ? `; did you mean "${near}"?` : ''}` };
    }
    if (declaration.admin && !from.admin)
      return { kind: 'forbidden', message: `${id} takes "${name}" from admins only` };
    const { problems } = await checkArguments(declaration, args);
    if (problems.length > 0) return { kind: 'bad_arguments', message: `bad arguments for ${name}`, problems };

    const seconds = args['wait'] === true ? undefined : (declaration.timeoutSeconds ?? DEFAULT_TIMEOUT_S);
    const deadline = new AbortController();
    const late = aborted(deadline.signal).then(
      (): CommandOutcome => ({ kind: 'timeout', message: `${id} did not answer "${name}" within ${seconds} s` }),
    );
    const timer = seconds === undefined ? undefined : setTimeout(() => deadline.abort(), seconds * 1000);
    const ticket = args['id'] ?? randomUUID();
    try {
      return await Promise.race([this.#askWhenRunning(request, ticket), late]);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(keyOf(topicOf(request), ticket));
    }
  }

  async #askWhenRunning(request: CommandRequest, ticket: Json): Promise<CommandOutcome> {
    const { id, supervisor } = request;
    await supervisor.settled();
    const { state, reason } = supervisor.status;
    if (state !== 'running' && state !== 'waiting') {
      return { kind: 'not_running', message: `${id} is ${state}${reason ? `: ${reason}` : ''}` };
    }
    const ended = supervisor
      .ended()
      .then((): CommandOutcome => ({ kind: 'not_running', message: `${id} ended before it answered` }));
    return Promise.race([this.#ask(request, ticket), ended]);
  }

  async #ask(request: CommandRequest, ticket: Json): Promise<CommandOutcome> {
    const { args, from } = request;
    const topic = topicOf(request);
    const answered = new Promise<JsonObject>((resolve) => this.#waiting.set(keyOf(topic, ticket), resolve));
    await this.broker.publish(topic, JSON.stringify({ ...args, id: ticket }), {
      qos: 1,
      userProperties: { user: from.user, role: from.admin ? 'admin' : 'viewer' },
    });
    const { id: echoed, ...answer } = await answered;
    // An id that the asker did not send is none of theirs.
    return { kind: 'answer', answer: args['id'] === undefined ? answer : { id: echoed ?? ticket, ...answer } };
  }

  #onResult({ topic, payload }: HubMessage): void {
    const answer = parseObject(payload.toString());
    const key = keyOf(topic.slice(0, -RESULT.length), answer?.['id']);
    if (answer) this.#waiting.get(key)?.(answer);
  }
}

const topicOf = ({ id, name }: CommandRequest) => `${id}/command/${name}`;
const keyOf = (topic: string, ticket: unknown) => `${topic} ${JSON.stringify(ticket)}`;

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as JsonObject) : undefined;
  } catch {
    return undefined; // an answer nobody here can have asked for
  }
}
