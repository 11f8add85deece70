import { join } from 'node:path';
import { errorText } from 'cupboard/sdk';
import { debounce } from '../debounce.ts';
import { watchInbox } from '../inbox.ts';
import type { Photos } from '../photos.ts';
import { simulateCard } from '../simulator.ts';
import { CardBoard } from './board.ts';
import { readPtpCameras } from './cameras.ts';
import { lookAround, NO_DEVICES, SYSTEM } from './look.ts';
import { createMounter } from './mounter.ts';
import { Register } from './register.ts';
import { createSignal } from './signal.ts';
import { Slots } from './slots.ts';
import { watchDevices } from './watch.ts';

/** A card may have several partitions, and udev needs a moment to find out what is on them. */
const QUIET_MS = 1200;
const MOST_MS = 5000;
const LOOK_SECONDS = 30;

/** Watches for cards and inbox folders and has them imported. Answers the function that ends it. */
export async function startCards(photos: Photos): Promise<() => Promise<void>> {
  const { hub, store, archive } = photos;
  const { roots, inbox, signal, simulate } = hub.config;
  const register = new Register(store);
  cardCommands(photos, register);
  const board = new CardBoard(hub, register, createSignal(signal ?? {}, hub.log));
  await board.open();

  const ownFolder = join(hub.dataDir, 'cards');
  const madeUp = join(hub.dataDir, 'simulated-card');
  const settings = { roots: simulate ? [madeUp] : roots, ownFolder, inUse: [hub.dataDir, archive.root] };
  const look = () => lookAround(simulate ? NO_DEVICES : SYSTEM, settings);
  const readCameras = simulate ? async () => [] : readPtpCameras;
  const slots = new Slots({ photos, register, board, mounter: createMounter(ownFolder), look, readCameras });
  const changed = debounce(() => void slots.look(), QUIET_MS, MOST_MS);
  watchDevices({ onChange: changed.run, onDeparture: () => void slots.look() }, hub.log, hub.signal);
  // Also what nobody tells of: a camera plugged in, a card that was copied into a folder.
  hub.every(LOOK_SECONDS, () => slots.look());
  const closeInbox = await watchInbox(photos, inbox);
  if (simulate) {
    simulateCard(madeUp, Date.now()).then(changed.run, (error) =>
      hub.log.warn(`no simulated card: ${errorText(error)}`),
    );
  }

  return async () => {
    changed.cancel();
    await closeInbox();
    await slots.stop();
    await board.close();
  };
}

function cardCommands({ hub }: Photos, register: Register): void {
  hub.command<{ file?: string }>('cards', ({ file }) => ({ ok: true, cards: register.list(file) }));
  hub.command<{ card: string; label?: string; in_safe?: boolean }>('label_card', ({ card, label, in_safe }) =>
    register.describe(card, label, in_safe, Date.now()) ? { ok: true } : unknown(card),
  );
  hub.command<{ card: string }>('forget_card', ({ card }) => (register.forget(card) ? { ok: true } : unknown(card)));
}

const unknown = (card: string) => ({ ok: false, error: 'no such card', got: card });
