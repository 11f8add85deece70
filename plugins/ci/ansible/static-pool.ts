import { HubError } from 'cupboard/sdk';
import type { NodeStatus } from '../view.ts';
import { Waiters } from '../waiters.ts';
import type { StaticNode } from './static-node.ts';

/** A static node in use by a build. */
export interface TakenNode {
  /** Its name in the configuration. */
  readonly name: string;
  readonly settings: StaticNode;
}

/** The static nodes of the configuration, each used by one build at a time. */
export class StaticPool {
  readonly #users = new Map<string, NodeStatus>();
  readonly #waiters = new Waiters();

  /** @param tell every change of a node's state */
  constructor(
    private readonly config: Readonly<Record<string, StaticNode>>,
    private readonly tell: (node: string, status: NodeStatus) => void,
  ) {
    for (const name of Object.keys(config)) tell(name, idle(name));
  }

  has(name: string): boolean {
    return Object.hasOwn(this.config, name);
  }

  /** Every static node with its state. */
  get nodes(): readonly NodeStatus[] {
    return Object.keys(this.config).map((name) => this.#users.get(name) ?? idle(name));
  }

  /**
   * Takes all nodes of a build at once, so that two builds never wait for each other; waits while one is in use.
   * @param wanted name in the inventory to name of the static node
   * @param waiting told why it waits
   * @throws HubError `unknown_node`; the signal's reason
   */
  async take(
    wanted: Readonly<Record<string, string>>,
    { build, job }: { readonly build: string; readonly job: string },
    signal: AbortSignal,
    waiting: (reason: string) => void,
  ): Promise<{ readonly nodes: ReadonlyMap<string, TakenNode>; release(): void }> {
    const names = [...new Set(Object.values(wanted))];
    const unknown = names.find((name) => !this.has(name));
    if (unknown !== undefined) throw new HubError('unknown_node', `no static node ${unknown} in the config`);
    if (names.length < Object.keys(wanted).length) {
      throw new HubError('unknown_node', 'a static node can stand for one node of a job only');
    }
    for (;;) {
      signal.throwIfAborted();
      const busy = names.map((name) => this.#users.get(name)).find((status) => status !== undefined);
      if (!busy) break;
      waiting(`node ${busy.node} is in use by ${busy.job}`);
      await this.#waiters.change(signal);
    }
    for (const name of names) {
      const status: NodeStatus = { ...idle(name), state: 'in-use', build, job };
      this.#users.set(name, status);
      this.tell(name, status);
    }
    const nodes = new Map(
      Object.entries(wanted).map(([inventoryName, name]) => [
        inventoryName,
        { name, settings: this.config[name] as StaticNode },
      ]),
    );
    const release = () => {
      for (const name of names) {
        this.#users.delete(name);
        this.tell(name, idle(name));
      }
      this.#waiters.wake();
    };
    return { nodes, release };
  }
}

const idle = (node: string): NodeStatus => ({ node, state: 'ready', label: node, mode: 'static', since: Date.now() });
