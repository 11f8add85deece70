import type { Schema } from './route.ts';

export const TEXT = { type: 'string' } as const;
export const INTEGER = { type: 'integer' } as const;
export const NUMBER = { type: 'number' } as const;
export const BOOLEAN = { type: 'boolean' } as const;
export const ANY_OBJECT = { type: 'object' } as const;
/** Epoch ms, UTC. */
export const TIME = { type: 'integer', description: 'epoch ms, UTC' } as const;
export const ROLE = { enum: ['admin', 'viewer'] } as const;
export const PASSWORD = { type: 'string', minLength: 8, maxLength: 1024, format: 'password' } as const;

/** An object with exactly these keys; all are required but those in `optional`. */
export function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties).filter((key) => !optional.includes(key)),
    properties,
  };
}

export function list(items: Schema): Schema {
  return { type: 'array', items };
}

/** Marks a query parameter that cannot be left out. */
export function required(schema: Schema): Schema {
  return { ...schema, 'x-required': true };
}
