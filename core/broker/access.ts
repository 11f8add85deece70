import type { Identity, PluginGrant, TopicRules } from './contract.ts';
import { rulesAllowReading, rulesAllowWriting } from './rules.ts';
import { covers, matches } from './topics.ts';

/** A publish to `<plugin>/command/<name>`. */
export interface Command {
  readonly plugin: string;
  readonly name: string;
}

/** The command that a topic is, whoever owns it. */
export function commandOf(topic: string): Command | undefined {
  const [plugin, keyword, name, ...rest] = topic.split('/');
  return plugin && keyword === 'command' && name && rest.length === 0 ? { plugin, name } : undefined;
}

/** As the user property `role` of a command tells it to the plugin. */
export function roleOf(identity: Identity): 'admin' | 'viewer' | 'plugin' | 'anonymous' {
  if (identity.kind === 'hub') return 'admin';
  return identity.kind === 'user' ? identity.role : identity.kind;
}

/** As the user property `user` of a command, in logs, and as the owner of a session. */
export function nameOf(identity: Identity): string {
  switch (identity.kind) {
    case 'user':
      return identity.name;
    case 'plugin':
      return `plugin:${identity.id}`;
    default:
      return identity.kind;
  }
}

/**
 * Who may do what on which topic. Admins and anonymous clients on loopback may publish anything outside `hub/#` and
 * the trees of plugins; of those they may send commands. Users with rules keep to them, within the same bounds. A
 * plugin has its own tree and what it was granted.
 */
export class Access {
  #trees: ReadonlySet<string> = new Set();
  readonly #grants = new Map<string, PluginGrant>();
  #rules: ReadonlyMap<string, TopicRules> = new Map();
  #revision = 0;

  /** Changes with every change of the rules, so that answers can be remembered. */
  get revision(): number {
    return this.#revision;
  }

  /** The ids whose trees are plugins' own, running or not. */
  setPluginTrees(ids: Iterable<string>): void {
    this.#trees = new Set(ids);
    this.#revision += 1;
  }

  /** By name of the user, or `anonymous`. */
  setUserRules(rules: Readonly<Record<string, TopicRules>>): void {
    this.#rules = new Map(Object.entries(rules));
    this.#revision += 1;
  }

  grant(grant: PluginGrant): void {
    this.#grants.set(grant.id, grant);
    this.#revision += 1;
  }

  revoke(id: string): void {
    this.#grants.delete(id);
    this.#revision += 1;
  }

  grantOf(id: string): PluginGrant | undefined {
    return this.#grants.get(id);
  }

  mayPublish(identity: Identity, topic: string, clientId?: string): boolean {
    if (identity.kind === 'hub') return true;
    if (topic.startsWith('$')) return false;
    if (identity.kind === 'plugin') return this.#mayPluginPublish(identity.id, topic);
    const rules = this.#rulesOf(identity);
    if (rules) {
      if (!rulesAllowWriting(rules, topic, { name: nameOf(identity), clientId })) return false;
    } else if (identity.kind === 'user' && identity.role !== 'admin') return false;
    const [tree = ''] = topic.split('/', 1);
    if (tree === 'hub') return false;
    if (!this.#isPluginTree(tree)) return true;
    const command = commandOf(topic);
    const isAdmin = identity.kind === 'user' && identity.role === 'admin';
    return command !== undefined && (isAdmin || !this.#isForAdmins(command));
  }

  /** May it read what is published on this topic, or subscribe to this filter? */
  mayRead(identity: Identity, filter: string, clientId?: string): boolean {
    if (identity.kind !== 'plugin') {
      const rules = this.#rulesOf(identity);
      return !rules || rulesAllowReading(rules, filter, { name: nameOf(identity), clientId });
    }
    const { id } = identity;
    const own = [`${id}/#`, 'hub/status', 'hub/devices/#'];
    const granted = this.#grants.get(id)?.subscribes ?? [];
    return own.some((rule) => covers(rule, filter)) || granted.some((rule) => covers(rule, filter));
  }

  #rulesOf(identity: Identity): TopicRules | undefined {
    if (this.#rules.size === 0 || identity.kind === 'hub') return undefined;
    return this.#rules.get(nameOf(identity));
  }

  #mayPluginPublish(id: string, topic: string): boolean {
    if (topic.startsWith(`${id}/`)) return true;
    const command = commandOf(topic);
    if (command && this.#isForAdmins(command)) return false;
    return (this.#grants.get(id)?.publishes ?? []).some((rule) => matches(rule, topic));
  }

  #isPluginTree(tree: string): boolean {
    return this.#trees.has(tree) || this.#grants.has(tree);
  }

  #isForAdmins({ plugin, name }: Command): boolean {
    return this.#grants.get(plugin)?.adminCommands.includes(name) ?? false;
  }
}
