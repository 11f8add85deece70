declare module 'aedes-persistence/abstract.js' {
  import type { test } from 'node:test';
  export default function suite(options: {
    test: typeof test;
    testAsync: true;
    persistence: () => Promise<object>;
  }): void;
}
