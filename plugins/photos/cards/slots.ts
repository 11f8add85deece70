import { basename } from 'node:path';
import { errorText } from 'cupboard/sdk';
import type { Photos, ReadCard } from '../photos.ts';
import type { CardBoard } from './board.ts';
import type { PtpCamera } from './cameras.ts';
import { type Action, decide } from './decide.ts';
import { identify, topicLevel } from './identity.ts';
import { importCard, labelOf, volumeName } from './import-card.ts';
import { Insertion } from './insertion.ts';
import { readTopLevel } from './look.ts';
import { MountError, type Mounter } from './mounter.ts';
import { type Evidence, findPlaces, type Place } from './places.ts';
import type { Register } from './register.ts';
import { afterRemoval, type CardReason, type CardStatus, failedStatus } from './status.ts';

export interface SlotParts {
  readonly photos: Photos;
  readonly register: Register;
  readonly board: CardBoard;
  readonly mounter: Mounter;
  readonly look: () => Promise<Evidence>;
  readonly readCameras: () => Promise<readonly PtpCamera[]>;
}

type Of<Kind extends Action<Insertion>['do']> = Extract<Action<Insertion>, { do: Kind }>;

/** All slots that a card can be in: notices cards, has them imported and tells how it went. */
export class Slots {
  readonly #parts: SlotParts;
  readonly #insertions = new Set<Insertion>();
  readonly #cameras = new Set<string>();
  /** What goes on beside looking: mounts, reading, farewells. */
  readonly #tasks = new Set<Promise<void>>();
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: SlotParts) {
    this.#parts = parts;
  }

  /** Looks around and begins what is to be done; looks follow each other. */
  look(): Promise<void> {
    this.#looking = this.#looking
      .then(() => this.#lookOnce())
      .catch((error) => this.#parts.photos.hub.log.error(`looking for cards: ${errorText(error)}`));
    return this.#looking;
  }

  /** Ends every import and unmounts what the plugin mounted. */
  async stop(): Promise<void> {
    await this.#looking;
    await Promise.all([...this.#insertions].map((insertion) => insertion.end()));
    await Promise.all(this.#tasks);
  }

  async #lookOnce(): Promise<void> {
    const { hub } = this.#parts.photos;
    if (hub.signal.aborted) return;
    await this.#showCameras();
    const { changes } = this.#parts.mounter;
    const evidence = await this.#parts.look();
    // Seen partly before and partly after the plugin's own doing, a card would be opened that was let go of.
    if (this.#parts.mounter.changes !== changes) return void this.look();
    for (const action of decide(evidence, [...this.#insertions], { mount: hub.config.mount })) {
      if (action.do === 'mount') this.#mount(action);
      else if (action.do === 'open') this.#open(action);
      else if (action.do === 'close') this.#close(action);
      else this.#begin('a mount left behind', this.#parts.mounter.unmount(action.point));
    }
  }

  #mount({ volume, medium }: Of<'mount'>): void {
    const insertion = new Insertion(medium);
    this.#insertions.add(insertion);
    const mounting = this.#parts.mounter.mount(volume);
    insertion.mountedBy(mounting.catch(() => undefined));
    const name = volume.label ?? volume.uuid ?? basename(volume.path);
    const told = mounting.then(
      () => void this.look(),
      async (error) => {
        const { volumes } = await this.#parts.look();
        const isElsewhere = volumes.some(({ device, mounted }) => device === volume.device && mounted);
        if (isElsewhere) return; // a desktop was quicker: it is read there
        this.#parts.photos.hub.log.warn(`${volume.path} was not mounted: ${errorText(error)}`);
        const reason = error instanceof MountError ? error.reason : 'mount_failed';
        await this.#fail(insertion, volume.uuid ?? basename(volume.path), name, reason);
      },
    );
    this.#begin(`mounting ${volume.path}`, told);
  }

  #open({ place }: Of<'open'>): void {
    const begun = [...this.#insertions].find(
      ({ medium, place: open }) => medium !== undefined && medium === place.medium && open === undefined,
    );
    if (begun?.isInHand) return;
    const insertion = begun ?? new Insertion(place.medium);
    this.#insertions.add(insertion);
    insertion.place = place.key;
    if (begun === undefined && place.ours) {
      const { point } = place;
      insertion.mountedBy(Promise.resolve({ point, unmount: () => this.#parts.mounter.unmount(point) }));
    }
    insertion.work(() => this.#read(insertion, place));
  }

  /** Looks what is at a place, imports it if it is a card, and lets go of it. */
  async #read(insertion: Insertion, place: Place): Promise<void> {
    const { board } = this.#parts;
    let result: CardStatus | undefined;
    try {
      const top = await readTopLevel(place.point);
      if (top === 'card') result = await this.#import(insertion, place);
      else if (top === 'unreadable') await this.#fail(insertion, volumeName(place), labelOf(place), 'unreadable_card');
    } catch (error) {
      this.#parts.photos.hub.log.warn(`the card at ${place.point} cannot be read: ${errorText(error)}`);
      if (!insertion.gone.aborted) await this.#fail(insertion, volumeName(place), labelOf(place), 'unreadable_card');
    }
    const isMounted = await insertion.inTurn(() => this.#letGo(insertion));
    if (isMounted && insertion.id === undefined) this.#insertions.delete(insertion); // not a card yet: look again
    if (result === undefined || insertion.id === undefined || insertion.gone.aborted) return;
    insertion.status = result;
    await board.show(insertion.id, result);
    if (result.state !== 'removed') return;
    // It went, or came again, before anybody said so: whatever is there now is looked at afresh.
    this.#insertions.delete(insertion);
    this.#parts.photos.inserted.delete(insertion.id);
    void this.look();
  }

  #import(insertion: Insertion, place: Place): Promise<CardStatus> {
    const { photos, register, board, look } = this.#parts;
    const isThere = async () =>
      findPlaces(await look()).some(({ key, medium, stale }) => key === place.key && medium === place.medium && !stale);
    return importCard(place, {
      photos,
      register,
      claim: (choose) => {
        insertion.id = choose(this.#present());
        photos.inserted.set(insertion.id, this.#lender(insertion, place));
        return insertion.id;
      },
      show: async (id, status) => {
        insertion.status = status;
        if (!insertion.gone.aborted) await board.show(id, status);
      },
      isThere,
      gone: insertion.gone,
    });
  }

  /** Unmounts what the plugin mounted. Answers whether it is still mounted, by somebody else. */
  async #letGo(insertion: Insertion): Promise<boolean> {
    return insertion.release().then(
      (wasOurs) => !wasOurs,
      (error) => {
        this.#parts.photos.hub.log.warn(`a card was not unmounted: ${errorText(error)}`);
        return false;
      },
    );
  }

  /** Others read the card where it is mounted; one that was unmounted after its import is mounted for them. */
  #lender(insertion: Insertion, { point, volume }: Place): ReadCard {
    return (read) =>
      insertion.inTurn(async () => {
        if (insertion.place !== undefined || volume === undefined) return read(point);
        insertion.isInHand = true;
        try {
          const mounted = await this.#parts.mounter.mount(volume);
          return await read(mounted.point).finally(mounted.unmount);
        } finally {
          insertion.isInHand = false;
        }
      });
  }

  #close({ hold, staysIn }: Of<'close'>): void {
    this.#insertions.delete(hold);
    if (staysIn) this.#insertions.add(new Insertion(hold.medium));
    const { id } = hold;
    if (id !== undefined) this.#parts.photos.inserted.delete(id);
    const farewell = async () => {
      await hold.end();
      // The same card may be in another slot by now.
      if (id === undefined || this.#present().has(id)) return;
      if (hold.status !== undefined && this.#parts.register.isTaken(id)) {
        await this.#parts.board.show(id, afterRemoval(hold.status));
      } else await this.#parts.board.clear(id);
    };
    this.#begin('a card that left', farewell());
  }

  async #fail(insertion: Insertion, volume: string, label: string, reason: CardReason): Promise<void> {
    insertion.id ??= identify({ name: volume, bytes: 0 }, [], this.#present(), () => false);
    insertion.status = failedStatus(label, reason);
    await this.#parts.board.show(insertion.id, insertion.status);
  }

  #present(): Set<string> {
    return new Set([...this.#insertions].flatMap(({ id }) => (id === undefined ? [] : [id])));
  }

  async #showCameras(): Promise<void> {
    const cameras = await this.#parts.readCameras();
    const found = new Map(cameras.map(({ port, name }) => [topicLevel(`usb-${port}`), name]));
    for (const [id, name] of found) {
      if (!this.#cameras.has(id)) await this.#parts.board.show(id, failedStatus(name, 'ptp_camera'));
      this.#cameras.add(id);
    }
    for (const id of this.#cameras) {
      if (found.has(id)) continue;
      this.#cameras.delete(id);
      await this.#parts.board.clear(id);
    }
  }

  #begin(what: string, task: Promise<void>): void {
    const guarded = task
      .catch((error) => this.#parts.photos.hub.log.error(`${what}: ${errorText(error)}`))
      .finally(() => this.#tasks.delete(guarded));
    this.#tasks.add(guarded);
  }
}
