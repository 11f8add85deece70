import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, type Hub, type Logger, writeFileAtomic } from 'cupboard/sdk';
import type { Change } from './contract.ts';
import { PLUGIN_FOLDER } from './folder.ts';
import { createGit, type Git } from './sources/git/git.ts';
import type { Sources } from './sources/open.ts';

/** Project of the sample; the config names it among its `repositories`. */
const PROJECT = 'house';
const LOOK_MS = 500;
/** A change that nobody decides on in this time is given up. */
const PATIENCE_MS = 5 * 60_000;

export interface SampleOptions {
  /** The plugin's own folder. */
  readonly dataDir: string;
  readonly sources: Pick<Sources, 'changes' | 'find' | 'approve' | 'setAbandoned'>;
  /** Seconds between two stories. */
  readonly pauseSeconds: number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** The hub as a sample sees it: all that is published carries `simulated`. */
export function markSimulated<Config>(hub: Hub<Config>): Hub<Config> {
  return {
    ...hub,
    publish: (topic, payload, options) => hub.publish(topic, marked(payload), options),
    event: (name, data) => hub.event(name, { ...data, simulated: true }),
  };
}

function marked<Payload>(payload: Payload): Payload {
  const isRecord = typeof payload === 'object' && payload !== null && !Array.isArray(payload);
  return isRecord && !(payload instanceof Uint8Array) ? { ...payload, simulated: true } : payload;
}

/** Writes the sample's jobs; before the definitions are read. */
export async function writeSampleJobs(definitions: string): Promise<void> {
  const text = await readFile(join(PLUGIN_FOLDER, 'sample/sample.yaml'), 'utf8');
  await mkdir(definitions, { recursive: true });
  await writeFileAtomic(join(definitions, 'sample.yaml'), text.replaceAll('@NODE@', process.execPath));
}

/**
 * People who work on the sample repository, by git as people do: changes that pass, one that fails, two that are in each
 * other's way, and three approved at once of which the second only fails on top of the first. Real jobs test them.
 */
export async function playSample(options: SampleOptions): Promise<void> {
  const { log, signal, pauseSeconds } = options;
  try {
    const house = await House.open(options);
    for (let round = 1; ; round++) {
      for (const story of STORIES) {
        await story(house, round);
        await sleep(pauseSeconds * 1000, undefined, { signal });
      }
    }
  } catch (error) {
    if (!signal.aborted) log.warn(`the sample repository rests: ${errorText(error)}`);
  }
}

type Story = (house: House, round: number) => Promise<void>;

const STORIES: readonly Story[] = [
  async function passes(house, round) {
    await house.fresh();
    await house.write(`notes/${round % 20}.md`, `The dew point is read in the morning, ${round} times so far.\n`);
    const change = await house.propose('Anna', 'Note when the dew point is read');
    if ((await house.verdict(change)) > 0) await house.merge([change]);
  },
  async function fails(house) {
    await house.fresh();
    await house.replace('rooms/dew-point.mjs', '(17.62 - gamma)', '(17.62 + gamma)');
    const change = await house.propose('Ben', 'Simplify the dew point');
    await house.verdict(change);
    await house.giveUp([change]);
  },
  async function conflicts(house, round) {
    const greetings = [`Good morning for the ${round}. time`, `Hello house, day ${round}`];
    const changes: Change[] = [];
    for (const [index, greeting] of greetings.entries()) {
      await house.fresh();
      await house.write(
        'rooms/display.mjs',
        `/** What the display by the door says. */\nexport const GREETING = '${greeting}';\n`,
      );
      changes.push(await house.propose(['Anna', 'Cora'][index] ?? '', `Greet with "${greeting}"`));
    }
    await Promise.all(changes.map((change) => house.verdict(change)));
    await house.merge(changes);
  },
  // Each passes by itself. On top of the first the second fails, and the third starts over without it.
  async function resets(house, round) {
    await house.fresh();
    const unit = await house.read('rooms/unit.mjs');
    const isKelvin = unit.includes("UNIT = 'kelvin'");
    const [before, after] = isKelvin ? ['kelvin', 'celsius'] : ['celsius', 'kelvin'];
    await house.write('rooms/unit.mjs', unit.replace(`UNIT = '${before}'`, `UNIT = '${after}'`));
    const first = await house.propose('Anna', `Tell the rooms in ${after}`);
    await house.fresh();
    await house.write('tests/freezer.test.mjs', freezerTest(isKelvin ? 255.15 : -18));
    const second = await house.propose('Ben', 'Test that the freezer is cold');
    await house.fresh();
    await house.write(`notes/freezer-${round % 20}.md`, 'The freezer is thawed twice a year.\n');
    const third = await house.propose('Cora', 'Say when the freezer is thawed');
    const changes = [first, second, third];
    await Promise.all(changes.map((change) => house.verdict(change)));
    await house.merge(changes);
  },
];

const freezerTest = (expected: number) => `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { told } from "../rooms/unit.mjs";

test('the freezer is cold', () => {
  assert.equal(told(-18), ${expected});
});
`;

/** The sample's repository, as somebody with a clone of it sees it. */
class House {
  readonly #options: SampleOptions;
  readonly #clone: string;
  readonly #git: Git;

  /** Gives the repository its first commit where it has none. */
  static async open(options: SampleOptions): Promise<House> {
    const house = new House(options);
    const clone = house.#clone;
    await rm(clone, { recursive: true, force: true });
    await mkdir(clone, { recursive: true });
    await house.#run('init', '--quiet', '--initial-branch=main');
    await house.#run('remote', 'add', 'hub', join(options.dataDir, 'repositories', `${PROJECT}.git`));
    const { stdout } = await house.#run('ls-remote', 'hub', 'refs/heads/main');
    if (stdout === '') {
      await cp(join(PLUGIN_FOLDER, 'sample', PROJECT), clone, { recursive: true });
      await house.#commit('Anna', 'Begin the house');
      await house.#run('push', '--quiet', 'hub', 'HEAD:refs/heads/main');
    }
    for (const change of await options.sources.changes()) if (change.project === PROJECT) await house.giveUp([change]);
    return house;
  }

  private constructor(options: SampleOptions) {
    this.#options = options;
    this.#clone = join(options.dataDir, 'sample');
    this.#git = createGit(undefined, options.signal);
  }

  /** As the branch is now. */
  async fresh(): Promise<void> {
    await this.#run('fetch', '--quiet', 'hub', 'main');
    await this.#run('reset', '--quiet', '--hard', 'FETCH_HEAD');
  }

  read(path: string): Promise<string> {
    return readFile(join(this.#clone, path), 'utf8');
  }

  async write(path: string, text: string): Promise<void> {
    const file = join(this.#clone, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  async replace(path: string, before: string, after: string): Promise<void> {
    await this.write(path, (await this.read(path)).replace(before, after));
  }

  async propose(author: string, subject: string): Promise<Change> {
    const commit = await this.#commit(author, subject);
    await this.#run('push', '--quiet', 'hub', 'HEAD:refs/for/main');
    const found = (await this.#options.sources.changes()).find((change) => change.commit === commit);
    if (!found) throw new Error(`${subject}: the push made no change`);
    return found;
  }

  /** The vote of the check: above 0 = it passed. */
  async verdict(change: Change): Promise<number> {
    const decided = await this.#until(
      change,
      ({ approvals, isOpen }) => !isOpen || voteOf(approvals['Verified']) !== 0,
    );
    return voteOf(decided?.approvals['Verified']);
  }

  /** Approves them in this order, waits for the gate, and gives up those that it refused. */
  async merge(changes: readonly Change[]): Promise<void> {
    for (const { id } of changes) await this.#options.sources.approve(id, 'anna');
    await Promise.all(
      changes.map((change) =>
        this.#until(change, ({ approvals, isOpen }) => !isOpen || Math.abs(voteOf(approvals['Verified'])) === 2),
      ),
    );
    await this.giveUp(changes);
  }

  /** Abandons those that are still open. */
  async giveUp(changes: readonly Change[]): Promise<void> {
    const { sources } = this.#options;
    for (const { id } of changes) {
      const { isOpen } = await sources.find(id);
      if (isOpen) await sources.setAbandoned(id, true);
    }
  }

  async #until(change: Change, isReached: (change: Change) => boolean): Promise<Change | undefined> {
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline) {
      const now = await this.#options.sources.find(change.id);
      if (isReached(now)) return now;
      await sleep(LOOK_MS, undefined, { signal: this.#options.signal });
    }
    return undefined;
  }

  async #commit(author: string, subject: string): Promise<string> {
    await this.#run('add', '--all');
    const name = ['-c', `user.name=${author}`, '-c', `user.email=${author.toLowerCase()}@house.invalid`];
    await this.#run(...name, 'commit', '--quiet', '--message', subject);
    return (await this.#run('rev-parse', 'HEAD')).stdout.trim();
  }

  #run(...args: readonly string[]) {
    return this.#git(['-C', this.#clone, ...args]);
  }
}

/** A refusal outweighs all others. */
const voteOf = (votes: readonly number[] = []): number =>
  Math.min(0, ...votes) < 0 ? Math.min(...votes) : Math.max(0, ...votes);
