import { Actor } from 'xstate'

/**
 * Who ran the actors of one test. All but `roots` are counted on XState's own class, so that an actor that our cells did
 * not take over cannot go unseen.
 */
export type Census = {
  /** Calls of `createActor` by the test. */
  readonly roots: number
  /** Actors that XState itself constructed (spawned, invoked) in the systems of those roots, and started. */
  readonly children: number
  /** Events that XState's own `Actor` processed without being told by a cell that had its turn; in any system. */
  readonly turnsOutside: number
  /** Cells that our `createActor` made. Zero on the side of XState, as the next two. */
  readonly cells: number
  /** Children of XState's making that a cell took over. */
  readonly adopted: number
  /** Messages that cells handled. */
  readonly turnsOfCells: number
}

export const EMPTY_CENSUS: Census = { roots: 0, children: 0, turnsOutside: 0, cells: 0, adopted: 0, turnsOfCells: 0 }

export function addCensus(one: Census, other: Census): Census {
  return {
    roots: one.roots + other.roots,
    children: one.children + other.children,
    turnsOutside: one.turnsOutside + other.turnsOutside,
    cells: one.cells + other.cells,
    adopted: one.adopted + other.adopted,
    turnsOfCells: one.turnsOfCells + other.turnsOfCells,
  }
}

/** Why a census shows an actor that ran outside our cells; empty when every actor was ours. */
export function findStrangers({ roots, children, turnsOutside, cells, adopted }: Census): readonly string[] {
  return [
    ...(cells === roots ? [] : [`${roots} calls of createActor made ${cells} cells`]),
    ...(adopted === children ? [] : [`XState started ${children} children, cells adopted ${adopted}`]),
    ...(turnsOutside === 0 ? [] : [`XState's own Actor processed ${turnsOutside} events outside a cell's turn`]),
  ]
}

/** What our runtime knows of its cells; on the side of XState nothing. */
export type CellWitness = {
  readonly counts: () => { readonly created: number; readonly adopted: number; readonly messages: number }
  /** Whether the actor was adopted by a cell, and that cell has its turn now. */
  readonly hasTurn: (actor: XStateActor) => boolean
}

/** What is read of XState's `Actor`, private members included. */
export type XStateActor = {
  readonly system: object
  readonly _parent?: object
  readonly _processingStatus: number
}

type ActorMethod = (this: XStateActor, ...values: unknown[]) => unknown

const NOT_STARTED = 0
const STOP_EVENT = 'xstate.stop'

/**
 * Takes the census of one test file. Wraps two methods of XState's `Actor`: `start`, which XState calls for each child that
 * it made, and `_process`, which its mailbox calls with each event.
 */
export class CensusTaker {
  readonly #witness: CellWitness
  readonly #systems = new WeakSet<object>()
  #started: XStateActor[] = []
  #roots = 0
  #turnsOutside = 0
  #before: Pick<Census, 'cells' | 'adopted' | 'turnsOfCells'>

  constructor(witness: CellWitness) {
    this.#witness = witness
    this.#before = this.#count()
    wrapMethod('start', (actor) => {
      if (actor._parent !== undefined && actor._processingStatus === NOT_STARTED) this.#started.push(actor)
    })
    wrapMethod('_process', (actor, event) => {
      // A stop is processed within the turn of the parent that stops.
      const isStop = (event as { readonly type: string }).type === STOP_EVENT
      if (!isStop && !witness.hasTurn(actor)) this.#turnsOutside += 1
    })
  }

  /** Notes a root that the test made itself. */
  noteRoot<Ref extends { readonly system: object }>(root: Ref): Ref {
    this.#roots += 1
    this.#systems.add(root.system)
    return root
  }

  /** What happened since the last time. */
  take(): Census {
    const before = this.#before
    const now = this.#count()
    const census: Census = {
      roots: this.#roots,
      // Pure functions such as XState's `transition` have throw-away systems of their own.
      children: this.#started.filter(({ system }) => this.#systems.has(system)).length,
      turnsOutside: this.#turnsOutside,
      cells: now.cells - before.cells,
      adopted: now.adopted - before.adopted,
      turnsOfCells: now.turnsOfCells - before.turnsOfCells,
    }
    this.#before = now
    this.#started = []
    this.#roots = 0
    this.#turnsOutside = 0
    return census
  }

  #count(): Pick<Census, 'cells' | 'adopted' | 'turnsOfCells'> {
    const { created, adopted, messages } = this.#witness.counts()
    return { cells: created, adopted, turnsOfCells: messages }
  }
}

function wrapMethod(name: string, note: (actor: XStateActor, first: unknown) => void): void {
  const original: unknown = Reflect.get(Actor.prototype, name)
  if (typeof original !== 'function') throw new TypeError(`XState's Actor has no method ${name}: revise the census`)
  const method = original as ActorMethod
  Reflect.set(Actor.prototype, name, function (this: XStateActor, ...values: unknown[]) {
    note(this, values[0])
    return method.apply(this, values)
  })
}
