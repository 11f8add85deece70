import { randomUUID } from 'node:crypto';
import { deadline, type Hub, type Json, type JsonObject } from 'cupboard/sdk';
import type { Catalogue, Position, SourceFile } from './catalogue.ts';

const FILES = 'photos/command/files';
const ANSWER_MS = 30_000;
/** Files a page at most; photos sends fewer where a page would not pass through the broker. */
const PAGE = 1000;

interface Page extends JsonObject {
  readonly ok: boolean;
  /** The last change there is. */
  readonly change: number;
  readonly archive?: string;
  readonly simulated?: boolean;
  readonly files: readonly (SourceFile & { readonly change: number; readonly removed?: boolean } & JsonObject)[];
}

/** Takes over from the photos plugin what has changed since the last time. */
export interface CatalogueFollower {
  /** Answers whether the photos plugin could be asked. */
  sync(): Promise<boolean>;
}

type Asker = Pick<Hub, 'subscribe' | 'publish' | 'signal' | 'log'>;

export async function followCatalogue(hub: Asker, catalogue: Catalogue): Promise<CatalogueFollower> {
  const waiting = new Map<string, (answer: JsonObject) => void>();
  await hub.subscribe(`${FILES}/result`, ({ payload }) => {
    const answer = asObject(payload);
    const id = answer?.['id'];
    if (answer && typeof id === 'string') waiting.get(id)?.(answer);
  });

  /** One page; `undefined` when photos does not answer or refuses. */
  const ask = async (after: number): Promise<Page | undefined> => {
    const id = randomUUID();
    try {
      const answered = new Promise<JsonObject | undefined>((resolve) => {
        waiting.set(id, resolve);
        deadline(ANSWER_MS, hub.signal).addEventListener('abort', () => resolve(undefined));
      });
      await hub.publish(FILES, { id, after, limit: PAGE });
      const answer = await answered;
      return answer?.['ok'] === true ? (answer as Page) : undefined;
    } finally {
      waiting.delete(id);
    }
  };

  const sync = async (): Promise<boolean> => {
    for (;;) {
      const position = catalogue.position();
      const page = await ask(position.change);
      if (page === undefined) return false;
      if (page.change < position.change) {
        // The catalogue of photos was rebuilt and counts anew.
        hub.log.info('the catalogue of photos begins anew: reading all of it');
        catalogue.reset();
        continue;
      }
      catalogue.take(page.files, next(page, position));
      if (page.files.length === 0) return true;
    }
  };

  let running: Promise<boolean> | undefined;
  return {
    sync: () => {
      running ??= sync().finally(() => {
        running = undefined;
      });
      return running;
    },
  };
}

const next = (page: Page, position: Position): Position => ({
  change: page.files.at(-1)?.change ?? position.change,
  archive: page.archive || position.archive,
  simulated: page.simulated ?? position.simulated,
});

const asObject = (payload: Json): JsonObject | undefined =>
  typeof payload === 'object' && payload !== null && !Array.isArray(payload) ? (payload as JsonObject) : undefined;
