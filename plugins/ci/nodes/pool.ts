import { randomBytes } from 'node:crypto';
import { errorText, HubError, type Logger } from 'cupboard/sdk';
import type { Images } from '../contract.ts';
import type { Lack } from '../images/namespace.ts';
import type { NodeStatus } from '../view.ts';
import { Waiters } from '../waiters.ts';
import { removeGroups } from './cgroup.ts';
import type { Isolation } from './isolation.ts';
import { Node } from './node.ts';
import type { Mode } from './sandbox.ts';

export interface PoolOptions {
  /** Folder that the nodes' folders are in. */
  readonly folder: string;
  /** How nodes are isolated, or what this machine lacks for it: then no node is made and builds say so. */
  readonly isolation: Isolation | Lack;
  readonly images: Images;
  /** Nodes that may be in use at a time. */
  readonly max: number;
  /** Image to nodes of it that are made before they are asked for. */
  readonly minReady: Readonly<Record<string, number>>;
  /** Disk of the nodes made beforehand; a job that may fill another size gets one made for it. */
  readonly readyDiskMb: number;
  /** Nodes held after a failed build, at most; the oldest go. */
  readonly maxHeld: number;
  readonly log: Logger;
  /** Told of every node's state, `undefined` when it is gone. */
  readonly tell: (node: string, status: NodeStatus | undefined) => void;
}

/** For what a node is wanted. */
export interface NodeWish {
  readonly image: string;
  readonly diskMb: number;
  readonly build: string;
  readonly job: string;
}

interface Entry {
  readonly id: string;
  readonly diskMb: number;
  status: NodeStatus;
  /** Absent while it is being made. */
  node?: Node;
  imageBuild?: string;
  closing?: Promise<void>;
}

/** Throw-away nodes: made when a job needs one or shortly before, closed after it, never used twice. */
export class NodePool {
  private readonly entries = new Map<string, Entry>();
  /** Woken when a node or an image came or went. */
  private readonly waiters = new Waiters();
  private isStopped = false;

  constructor(private readonly options: PoolOptions) {}

  /** Every node there is, oldest first. */
  get nodes(): readonly NodeStatus[] {
    return [...this.entries.values()].map(({ status }) => status);
  }

  /** What this machine lacks to make nodes; `undefined` = nothing. */
  get lack(): Lack | undefined {
    const { isolation } = this.options;
    return 'advice' in isolation ? isolation : undefined;
  }

  get mode(): Mode {
    const { isolation } = this.options;
    return 'advice' in isolation ? 'root' : isolation.mode;
  }

  /** How many builds could get a node at once. */
  get free(): number {
    return this.options.max - this.inUse;
  }

  private get inUse(): number {
    return this.nodes.filter(({ state, build }) => build !== undefined && state !== 'hold').length;
  }

  /**
   * A fresh node, waiting for one as long as it takes; `tell` is told why it waits.
   * @throws HubError `node_failed` where it cannot be made; the signal's reason
   */
  async take(wish: NodeWish, signal: AbortSignal, tell: (reason: string) => void): Promise<Node> {
    for (;;) {
      signal.throwIfAborted();
      if (this.isStopped) throw new HubError('stopping', 'the hub is stopping');
      const why = this.whyNot(wish.image) ?? (await this.whyNoImage(wish.image));
      // Asked again after the image was looked up: another build may have been quicker.
      const stillFree = this.whyNot(wish.image);
      if (why === undefined && stillFree === undefined) return this.hand(wish);
      tell(why ?? stillFree ?? '');
      await this.waiters.change(signal);
    }
  }

  /** Closes a node; its build is over. */
  async release(node: Node): Promise<void> {
    const entry = this.entries.get(node.id);
    if (entry && entry.status.state !== 'hold') await this.close(entry);
  }

  /** Keeps a node with what its build left, for someone to look at; nothing of the job runs any more. */
  async hold(node: Node, reason: string): Promise<void> {
    const entry = this.entryOf(node.id);
    await node.endProcesses();
    this.set(entry, { state: 'hold', reason });
    const held = [...this.entries.values()].filter(({ status }) => status.state === 'hold');
    for (const oldest of held.slice(0, Math.max(0, held.length - this.options.maxHeld))) await this.close(oldest);
  }

  /**
   * Removes a held or ready node.
   * @throws HubError `unknown_node`, `node_in_use`
   */
  async delete(id: string): Promise<void> {
    const entry = this.entryOf(id);
    if (entry.status.state !== 'hold' && entry.status.state !== 'ready') {
      throw new HubError('node_in_use', `${id} is ${entry.status.state}: cancel its build instead`);
    }
    await this.close(entry);
  }

  /** Makes what min-ready asks for and closes ready nodes of images that are no longer the newest. */
  async refill(): Promise<void> {
    for (const [image, wanted] of Object.entries(this.options.minReady)) {
      const use = await this.options.images.use(image);
      const newest = use?.build;
      use?.release();
      if (newest === undefined) continue;
      const ready = this.withState('ready', image);
      for (const entry of ready) if (entry.imageBuild !== newest) await this.close(entry);
      const there = this.withState('ready', image).length + this.withState('building', image).length;
      for (let missing = wanted - there; missing > 0 && !this.isStopped; missing--) await this.makeReady(image);
    }
  }

  /** Someone may get a node now: an image became ready. */
  wake(): void {
    this.waiters.wake();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.wake();
    await Promise.all([...this.entries.values()].filter(({ node }) => node).map((entry) => this.close(entry)));
    const { isolation } = this.options;
    if (!('advice' in isolation) && isolation.cgroups) await removeGroups(isolation.cgroups);
  }

  private whyNot(image: string): string | undefined {
    const { max, images } = this.options;
    if (this.lack) return `${this.lack.reason}: ${this.lack.advice}`;
    if (this.mode !== 'process' && !images.names.includes(image)) return `no image ${image} in the config`;
    return this.inUse >= max ? `${this.inUse} of ${max} nodes in use` : undefined;
  }

  private async whyNoImage(image: string): Promise<string | undefined> {
    if (this.mode === 'process' || this.withState('ready', image).length > 0) return undefined;
    const use = await this.options.images.use(image);
    use?.release();
    return use ? undefined : `no image of ${image} yet`;
  }

  private async hand({ image, diskMb, build, job }: NodeWish): Promise<Node> {
    const ready = this.withState('ready', image).find((entry) => entry.diskMb === diskMb);
    const entry = ready ?? this.add(image, diskMb);
    this.set(entry, { state: ready ? 'in-use' : 'building', build, job });
    const node = entry.node ?? (await this.make(entry));
    this.set(entry, { state: 'in-use' });
    if (ready) void this.refill().catch((error: unknown) => this.options.log.warn(errorText(error)));
    return node;
  }

  private async makeReady(image: string): Promise<void> {
    const entry = this.add(image, this.options.readyDiskMb);
    try {
      await this.make(entry);
      this.set(entry, { state: 'ready' });
      this.wake();
    } catch (error) {
      this.options.log.warn(`a node of ${image} could not be made: ${errorText(error)}`);
    }
  }

  private add(image: string, diskMb: number): Entry {
    const id = randomBytes(6).toString('hex');
    const status: NodeStatus = { node: id, state: 'building', label: image, mode: this.mode, since: Date.now() };
    const entry: Entry = { id, diskMb, status };
    this.entries.set(id, entry);
    return entry;
  }

  private async make(entry: Entry): Promise<Node> {
    const { images, isolation, folder } = this.options;
    try {
      if ('advice' in isolation) throw new HubError('node_failed', isolation.reason);
      const { mode } = isolation;
      const use = mode === 'process' ? undefined : await images.use(entry.status.label);
      if (!use && mode !== 'process') throw new HubError('node_failed', `no image of ${entry.status.label}`);
      const node = await Node.make(entry.id, use, entry.diskMb, { ...isolation, folder });
      entry.node = node;
      if (use) entry.imageBuild = use.build;
      if (this.isStopped) throw new HubError('stopping', 'the hub is stopping');
      return node;
    } catch (error) {
      await this.close(entry);
      throw error;
    }
  }

  /** Closes a node once, however many ask for it; all wait until it is gone. */
  private close(entry: Entry): Promise<void> {
    entry.closing ??= this.remove(entry);
    return entry.closing;
  }

  private async remove(entry: Entry): Promise<void> {
    this.set(entry, { state: 'deleting' });
    try {
      await entry.node?.close();
    } catch (error) {
      this.options.log.warn(`node ${entry.id} could not be removed: ${errorText(error)}`);
    }
    this.entries.delete(entry.id);
    this.options.tell(entry.id, undefined);
    this.wake();
  }

  private set(entry: Entry, change: Partial<NodeStatus>): void {
    const image = entry.imageBuild === undefined ? {} : { image: entry.imageBuild };
    entry.status = { ...entry.status, ...image, ...change, since: Date.now() };
    this.options.tell(entry.id, entry.status);
  }

  private withState(state: NodeStatus['state'], image: string): Entry[] {
    return [...this.entries.values()].filter(
      ({ status }) => status.state === state && status.label === image && status.build === undefined,
    );
  }

  private entryOf(id: string): Entry {
    const entry = this.entries.get(id);
    if (!entry) throw new HubError('unknown_node', `no node ${id}`);
    return entry;
  }
}
