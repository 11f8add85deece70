/** Where an item of a queue stands in the drawing of what is tested on top of what. Lanes count from the left. */
export interface Lane {
  readonly lane: number;
  /** Lane of the item it is tested on top of; `undefined` = the branch itself. */
  readonly from: number | undefined;
  /** Whether an item further down is tested on top of it and goes on in its lane. */
  readonly goesOn: boolean;
  /** Lanes of lines that pass by to items further down. */
  readonly passing: readonly number[];
}

/**
 * The lanes of a queue, head first. The line of an item goes straight on to the last item that is tested on top of it;
 * all others, such as one that failed and is passed by, stand aside on a lane of their own.
 */
export function lanesOf(items: readonly { readonly id: string; readonly ahead: string | null }[]): Lane[] {
  const rowOf = new Map(items.map(({ id }, row) => [id, row]));
  // What is ahead but not (or no longer) in the queue has merged: the item stands on the branch.
  const parents = items.map(({ ahead }, row) => {
    const parent = ahead === null ? undefined : rowOf.get(ahead);
    return parent !== undefined && parent < row ? parent : undefined;
  });
  const lastChild = new Map<number, number>();
  for (const [row, parent] of parents.entries()) if (parent !== undefined) lastChild.set(parent, row);

  /** Row down to which a lane is taken, by lane. */
  const taken: number[] = [];
  const lanes: number[] = [];
  return items.map((_, row) => {
    const parent = parents[row];
    const from = parent === undefined ? undefined : lanes[parent]!;
    const isStraight = parent !== undefined && lastChild.get(parent) === row;
    const lane = isStraight ? from! : freeLane(taken, row);
    lanes[row] = lane;
    const end = lastChild.get(row);
    taken[lane] = end ?? row;
    return {
      lane,
      from,
      goesOn: end !== undefined,
      passing: taken.flatMap((until, other) => (other !== lane && until > row ? [other] : [])),
    };
  });
}

function freeLane(taken: readonly number[], row: number): number {
  const free = taken.findIndex((until) => until < row);
  return free < 0 ? taken.length : free;
}
