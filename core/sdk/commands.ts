import type { CommandDeclaration } from '../plugins/contract.ts';
import { errorCode, errorText, type Problem } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import type { Connection, Incoming } from './connection.ts';
import type { CommandHandler, CommandResult, JsonObject, Requester } from './contract.ts';

/** Words of the command protocol; a command sees them only where its own schema names them. */
const PROTOCOL_KEYS = ['id', 'wait'];

/** Answers `<id>/command/<name>`: checks who asks and with what, calls the handler, sends the answer back. */
export class Commands {
  readonly #handlers = new Map<string, CommandHandler>();
  #listening: Promise<void> | undefined;
  #tellStarted: () => void = () => undefined;
  readonly #started = new Promise<void>((resolve) => {
    this.#tellStarted = resolve;
  });

  constructor(
    private readonly plugin: string,
    private readonly declared: Readonly<Record<string, CommandDeclaration>>,
    private readonly connection: Connection,
    private readonly log: Logger,
  ) {}

  add(name: string, handler: CommandHandler): void {
    if (!(name in this.declared)) throw new Error(`the command "${name}" is not declared in plugin.json`);
    this.#handlers.set(name, handler);
  }

  /** Takes commands from now on. */
  listen(): Promise<void> {
    this.#listening ??= this.#subscribe();
    return this.#listening;
  }

  async #subscribe(): Promise<void> {
    if (Object.keys(this.declared).length === 0) return;
    await this.connection.subscribe(`${this.plugin}/command/+`, (message) => {
      this.#answer(message).catch((error: unknown) => this.log.error(`${message.topic}: ${errorText(error)}`));
    });
  }

  /** The plugin's start function is done: what has no handler now will have none. */
  started(): void {
    this.#tellStarted();
  }

  async #answer(message: Incoming): Promise<void> {
    const name = message.topic.slice(`${this.plugin}/command/`.length);
    if (message.retained) {
      // A retained command would run again at every start.
      this.log.warn(`the retained command on ${message.topic} is ignored: publish commands without the retain flag`);
      return;
    }
    const { id, result } = await this.#run(name, message);
    const answer = JSON.stringify({ ...result, ...(id !== undefined && { id }) });
    const { responseTopic, correlationData } = message;
    await this.connection.publish(`${message.topic}/result`, answer);
    if (responseTopic !== undefined) {
      await this.connection.publish(responseTopic, answer, { ...(correlationData && { correlationData }) });
    }
  }

  async #run(name: string, message: Incoming): Promise<{ id?: unknown; result: CommandResult }> {
    const sent = parseArguments(message.text);
    if (!sent)
      return {
        result: { ok: false, error: 'bad_arguments', expected: 'a JSON object', got: message.text.slice(0, 80) },
      };
    const id = sent['id'];
    return { id, result: await this.#call(name, sent, requester(message)) };
  }

  /** A plugin that says early that it waits is asked early: the command waits for the rest of its start. */
  async #handlerOf(name: string): Promise<CommandHandler | undefined> {
    if (!this.#handlers.has(name)) await this.#started;
    return this.#handlers.get(name);
  }

  async #call(name: string, sent: JsonObject, from: Requester): Promise<CommandResult> {
    const declaration = this.declared[name];
    const handler = declaration && (await this.#handlerOf(name));
    if (!declaration || !handler)
      return { ok: false, error: 'unknown_command', expected: [...this.#handlers.keys()], got: name };
    // The broker refuses these already; a command that only admins may give must not hang on one check.
    if (declaration.admin && !from.admin)
      return { ok: false, error: 'forbidden', expected: 'an admin', got: from.user };
    const { args, problems } = await checkArguments(declaration, sent);
    if (problems.length > 0) {
      const expected = problems.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('\n');
      return { ok: false, error: 'bad_arguments', expected, got: sent };
    }
    try {
      return await handler(args, from);
    } catch (error) {
      this.log.error(`the command ${name} failed: ${error instanceof Error ? error.stack : errorText(error)}`);
      const code = errorCode(error);
      return { ok: false, error: errorText(error), ...(code !== undefined && { code }) };
    }
  }
}

/** Checks arguments against the command's schema and fills in its defaults. */
export async function checkArguments(
  { args: schema }: CommandDeclaration,
  sent: JsonObject,
): Promise<{ args: JsonObject; problems: readonly Problem[] }> {
  const own = (schema?.['properties'] ?? {}) as JsonObject;
  const args = structuredClone(
    Object.fromEntries(Object.entries(sent).filter(([key]) => key in own || !PROTOCOL_KEYS.includes(key))),
  );
  if (!schema) return { args, problems: [] };
  // On demand: most plugin processes never see a command, and the validator costs them memory.
  const [{ createAjv }, { toProblems }] = await Promise.all([
    import('../config/ajv.ts'),
    import('../config/problems.ts'),
  ]);
  const validate = createAjv().compile({ type: 'object', ...schema });
  return { args, problems: validate(args) ? [] : toProblems(validate.errors ?? []) };
}

function parseArguments(text: string): JsonObject | undefined {
  if (text === '') return {};
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as JsonObject) : undefined;
  } catch {
    return undefined; // answered as bad arguments
  }
}

/** The broker sets both properties itself on every command; a plugin can trust them. */
function requester({ userProperties: { user, role } }: Incoming): Requester {
  return { user: typeof user === 'string' ? user : 'anonymous', admin: role === 'admin' };
}
