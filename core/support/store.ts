/**
 * Small documents of the hub itself (accounts, tokens, enabled plugins, consents), kept in hub.db by the store worker
 * and mirrored in memory: reading is synchronous, writing resolves when it is durable.
 */
export interface DocumentStore {
  get<T>(space: string, key: string): T | undefined;
  list<T>(space: string): readonly (readonly [key: string, value: T])[];
  put(space: string, key: string, value: unknown): Promise<void>;
  delete(space: string, key: string): Promise<void>;
}
