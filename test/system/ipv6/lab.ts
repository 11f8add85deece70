import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Documentation addresses (RFC 5737, RFC 3849). */
export const ADDRESSES = {
  house4: '192.0.2.2',
  newHouse4: '192.0.2.77',
  broker4: '192.0.2.1',
  world4: '198.51.100.2',
  house6: '2001:db8:ff00::2',
  broker6: '2001:db8:ff00::1',
  world6: ['2001:db8:ffff::2', '2001:db8:ffff::3', '2001:db8:ffff::4'],
} as const;
export const TUNNEL = 'tunnel6';

type Place = 'house' | 'broker' | 'world';
interface Knobs {
  remote: string;
  silent?: boolean;
  delay?: number;
  loss_out?: number;
  loss_in?: number;
  biggest?: number;
}

const RELAY = fileURLToPath(new URL('relay.py', import.meta.url));

/**
 * House, broker and world in network namespaces of their own: a line of IPv4 between house and broker, and through it a
 * real 6in4 tunnel whose ends are relays in user space, so that it needs no kernel module and can have every fault.
 */
export class Ipv6Lab {
  readonly #prefix = `cup${process.pid}-`;
  readonly #folder = mkdtempSync(join(tmpdir(), 'ipv6-lab-'));
  #brokerKnobs: Knobs = { remote: ADDRESSES.house4 };

  /** Argv prefix that runs a program in one of the places. */
  within(place: Place): string[] {
    return ['ip', 'netns', 'exec', this.#prefix + place];
  }

  run(place: Place, ...argv: string[]): string {
    return ip(...this.within(place).slice(1), ...argv);
  }

  /** Runs a program with this on its standard input. */
  feed(place: Place, text: string, ...argv: string[]): void {
    execFileSync('ip', [...this.within(place).slice(1), ...argv], {
      input: text,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
  }

  up(): void {
    const { house4, broker4, world4, broker6, world6 } = ADDRESSES;
    for (const place of ['house', 'broker', 'world'] as const) {
      ip('netns', 'add', this.#prefix + place);
      this.#set(place, 'net.ipv6.conf.all.accept_dad', 0);
      this.#set(place, 'net.ipv6.conf.default.accept_dad', 0);
      this.#ip(place, 'link', 'set', 'lo', 'up');
    }
    ip(
      'link',
      'add',
      'line',
      'netns',
      `${this.#prefix}house`,
      'type',
      'veth',
      'peer',
      'name',
      'line',
      'netns',
      `${this.#prefix}broker`,
    );
    ip(
      'link',
      'add',
      'out',
      'netns',
      `${this.#prefix}broker`,
      'type',
      'veth',
      'peer',
      'name',
      'out',
      'netns',
      `${this.#prefix}world`,
    );
    this.#address('house', 'line', `${house4}/24`);
    this.#address('broker', 'line', `${broker4}/24`);
    this.#address('broker', 'out', '198.51.100.1/24', '2001:db8:ffff::1/64');
    this.#address('world', 'out', `${world4}/24`, ...world6.map((address) => `${address}/64`));
    this.#ip('house', 'route', 'add', 'default', 'via', broker4);
    this.#ip('world', 'route', 'add', 'default', 'via', '198.51.100.1');
    this.#ip('world', '-6', 'route', 'add', 'default', 'via', '2001:db8:ffff::1');
    this.#set('broker', 'net.ipv4.ip_forward', 1);
    this.#set('broker', 'net.ipv6.conf.all.forwarding', 1);

    this.#knobs('house', { remote: broker4 });
    this.#knobs('broker', this.#brokerKnobs);
    this.#relay('broker', `${broker6}/64`);
    writeFileSync(this.restartScript, this.#restartText());
    this.restart();
  }

  down(): void {
    for (const place of ['house', 'broker'] as const) this.#endRelay(place);
    for (const place of ['house', 'broker', 'world']) ip('netns', 'del', this.#prefix + place);
    rmSync(this.#folder, { recursive: true });
  }

  /** What an external tunnel's `restart` runs, as a daemon's start script does: it leaves a program behind. */
  get restartScript(): string {
    return join(this.#folder, 'restart.sh');
  }

  restart(): void {
    // Nothing is read from it: the relay it leaves behind would keep a pipe open.
    execFileSync('ip', [...this.within('house').slice(1), 'sh', this.restartScript], { stdio: 'ignore' });
  }

  knobsFile(place: Place): string {
    return join(this.#folder, `${place}.json`);
  }

  /** Undoes every fault. */
  heal(): void {
    const { house4, newHouse4, broker4 } = ADDRESSES;
    this.#ip('house', 'link', 'set', 'line', 'up');
    if (this.#ip('house', 'addr', 'show', 'dev', 'line').includes(newHouse4))
      this.#ip('house', 'addr', 'del', `${newHouse4}/24`, 'dev', 'line');
    this.#ip('house', 'addr', 'replace', `${house4}/24`, 'dev', 'line');
    this.#ip('house', 'route', 'replace', 'default', 'via', broker4);
    this.turn({ remote: house4 }, true);
    this.restart();
  }

  /** The broker's end: delay, loss, silence, black holes, and whom it takes for the house. */
  turn(knobs: Partial<Knobs>, afresh = false): void {
    this.#brokerKnobs = { ...(afresh ? { remote: ADDRESSES.house4 } : this.#brokerKnobs), ...knobs };
    this.#knobs('broker', this.#brokerKnobs);
  }

  cut(): void {
    this.#ip('house', 'link', 'set', TUNNEL, 'down');
  }

  /** The program behind the house's end dies: the link loses its carrier. */
  crash(): void {
    this.#endRelay('house');
  }

  cutLine(): void {
    this.#ip('house', 'link', 'set', 'line', 'down');
  }

  renumber(): void {
    const { house4, newHouse4, broker4 } = ADDRESSES;
    this.#ip('house', 'addr', 'del', `${house4}/24`, 'dev', 'line');
    this.#ip('house', 'addr', 'add', `${newHouse4}/24`, 'dev', 'line');
    this.#ip('house', 'route', 'replace', 'default', 'via', broker4);
  }

  #restartText(): string {
    const { house6, broker6 } = ADDRESSES;
    const pid = this.#pidFile('house');
    return `[ -f ${pid} ] && kill $(cat ${pid}) 2> /dev/null
ip tuntap add dev ${TUNNEL} mode tun 2> /dev/null
python3 ${RELAY} ${TUNNEL} ${this.knobsFile('house')} &
echo $! > ${pid}
ip link set ${TUNNEL} mtu 1480 up
ip -6 addr replace ${house6}/64 dev ${TUNNEL}
ip -6 route replace default via ${broker6} dev ${TUNNEL}
`;
  }

  #relay(place: Place, address: string): void {
    this.#ip(place, 'tuntap', 'add', 'dev', TUNNEL, 'mode', 'tun');
    const [program = '', ...args] = [...this.within(place), 'python3', RELAY, TUNNEL, this.knobsFile(place)];
    const child = spawn(program, args, { stdio: 'ignore', detached: true });
    child.unref();
    writeFileSync(this.#pidFile(place), `${child.pid}`);
    this.#address(place, TUNNEL, address);
    this.#ip(place, 'link', 'set', TUNNEL, 'mtu', '1480');
  }

  #endRelay(place: Place): void {
    try {
      process.kill(Number(readFileSync(this.#pidFile(place), 'utf8')));
    } catch {
      // it is gone already
    }
  }

  #address(place: Place, link: string, ...addresses: string[]): void {
    for (const address of addresses) this.#ip(place, 'addr', 'add', address, 'dev', link);
    this.#ip(place, 'link', 'set', link, 'up');
  }

  #knobs(place: Place, knobs: Knobs): void {
    const file = this.knobsFile(place);
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify(knobs));
    renameSync(`${file}.new`, file);
  }

  #ip = (place: Place, ...args: string[]) => ip('-n', this.#prefix + place, ...args);
  #set = (place: Place, key: string, value: number) => this.run(place, 'sysctl', '-q', '-w', `${key}=${value}`);
  #pidFile = (place: Place) => join(this.#folder, `${place}.pid`);
}

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
