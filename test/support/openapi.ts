import { Ajv2020 } from 'ajv/dist/2020.js';
import type { JsonObject } from '../../core/sdk/contract.ts';

interface Operation {
  readonly parameters: readonly { name: string; in: string; required: boolean }[];
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema: JsonObject }>; $ref?: string }>>;
}
/** The parts of openapi.json that answers are held against. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface CheckedAnswer {
  readonly status: number;
  /** Media type without parameters. */
  readonly type: string;
  readonly text: string;
}

/** A function that answers what an answer breaks of the document; `operation` is `get /api/v1/users/{name}`. */
export function createChecker(document: OpenApi) {
  const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { password: true, timezone: true } });
  ajv.addSchema(document as unknown as JsonObject, 'openapi');
  const pointer = (...parts: string[]) =>
    parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
  return (operation: string, { status, type, text }: CheckedAnswer): string[] => {
    const [method = '', path = ''] = operation.split(' ');
    const declared = document.paths[path]?.[method]?.responses[status];
    if (!declared) return [`${operation} does not declare ${status}: ${text}`];
    if (declared.$ref) {
      if (type !== 'application/problem+json') return [`${operation} answers ${status} as ${type}`];
      ajv.validate({ $ref: 'openapi#/components/schemas/Problem' }, JSON.parse(text));
    } else if (!declared.content) {
      return text === '' ? [] : [`${operation} answers a body with ${status}`];
    } else if (!declared.content[type]) {
      return [`${operation} does not declare ${type}`];
    } else {
      const schema = `openapi#/${pointer('paths', path, method, 'responses', String(status), 'content', type, 'schema')}`;
      ajv.validate({ $ref: schema }, type === 'application/json' ? JSON.parse(text) : text);
    }
    return (ajv.errors ?? []).map((error) => `${operation} ${status}${error.instancePath} ${error.message}`);
  };
}
