import { CodedError } from '../../../base/errors.ts'
import type { AgentDefinition, SpawnOptions } from '../../agent-definition.ts'
import { Cell, RUNNING, STOPPED } from '../../cell/cell.ts'
import { endTree } from '../../cell/life.ts'
import { findCell } from '../../cell/naming.ts'
import type { ActorSystem } from '../../system/actor-system.ts'
import { formatAddress } from '../../system/address.ts'
import type { DurableStore } from '../store/durable-store.ts'

/** Where an actor that was spawned here is, or was. */
type Place = {
  readonly id: string
  readonly definition: AgentDefinition
  readonly parent: Cell | undefined
  /** The id below its parent. */
  readonly ownId: string
  /** The last one it had. */
  cell: Cell | undefined
  /** Not in memory, and comes back with the next message. One that ended does not, until it is spawned again. */
  isPassive: boolean
  /** Why it could not be brought into memory. */
  failure?: unknown
}

export type DurablePlacesInit = {
  readonly system: () => ActorSystem
  /** `undefined` before it is open. */
  readonly store: () => DurableStore | undefined
}

/** Which durable actors are in memory, and how the others come there. */
export class DurablePlaces {
  readonly definitions: Map<string, AgentDefinition> = new Map()
  readonly #init: DurablePlacesInit
  readonly #places = new Map<string, Place>()

  constructor(init: DurablePlacesInit) {
    this.#init = init
  }

  /**
   * Starts an actor: a new one, or the stored one of this id.
   *
   * @returns Its id.
   * @throws `ACTOR_ID_TAKEN`, the coded errors of the store.
   */
  spawn(definition: AgentDefinition, { supervisor, id: given, input }: SpawnOptions): string {
    const parent = supervisor instanceof Cell ? supervisor : undefined
    const ownId = given ?? this.#freshId()
    const id = parent === undefined || parent === this.#init.system().root ? ownId : `${parent.id}/${ownId}`
    const { cell } = this.#places.get(id) ?? {}
    if (cell !== undefined && cell.status !== STOPPED) {
      throw new CodedError('ACTOR_ID_TAKEN', { message: `There is an actor ${id} already`, details: { id } })
    }
    this.#bring({ id, definition, parent, ownId, cell: undefined, isPassive: true }, input)
    return id
  }

  /** The cell of an actor, brought into memory if it is stored; the last one it had, when it has ended. */
  cellFor(id: string): Cell | undefined {
    const place = this.#places.get(id)
    if (place?.isPassive === false) return place.cell
    if (this.#init.store()?.actor(id) === undefined) return findCell(this.#init.system(), id)
    this.#activate(id)
    return this.#places.get(id)?.cell
  }

  /** The cell of an actor as far as it is known here; nothing is brought into memory. */
  knownCell(id: string): Cell | undefined {
    return this.#places.get(id)?.cell ?? findCell(this.#init.system(), id)
  }

  /** Brings a stored actor into memory, unless it has ended here, or has a parent that is not in memory. */
  wake(id: string): void {
    const place = this.#places.get(id)
    if (place === undefined || place.isPassive) this.#activate(id)
  }

  /** Why an actor is not in memory, where that is known. */
  failureOf(id: string): unknown {
    const place = this.#places.get(id)
    const agent = this.#init.store()?.actor(id)?.agent
    if (place !== undefined || agent === undefined || this.definitions.has(agent)) return place?.failure
    const message = `${id} is stored as an actor of ${agent}, and no definition of this name is known here`
    return new CodedError('ACTOR_DEFINITION_UNKNOWN', { message, details: { id, agent } })
  }

  noteFailure(cell: Cell, failure: unknown): void {
    const place = this.#places.get(cell.id)
    if (place?.cell === cell) place.failure = failure
  }

  /** Nobody comes back by a message any more. */
  close(): void {
    for (const place of this.#places.values()) place.isPassive = false
  }

  /** The cell leaves memory once it had no turn for so long. */
  passivateLater(cell: Cell, delayMs: number): void {
    const commits = this.#commitsOf(cell)
    this.#init.system().after(delayMs, () => {
      if (cell.status !== RUNNING) return
      const place = this.#places.get(cell.id)
      const isIdle = this.#commitsOf(cell) === commits && cell.slot === undefined
      if (!isIdle || place?.cell !== cell || !isForgettable(cell)) {
        this.passivateLater(cell, delayMs)
        return
      }
      place.isPassive = true
      place.cell = undefined
      endTree(cell, 'stopped')
    })
  }

  #activate(id: string): void {
    const place = this.#places.get(id)
    const agent = this.#init.store()?.actor(id)?.agent ?? ''
    const definition = place?.definition ?? this.definitions.get(agent)
    if (definition === undefined) return
    const system = this.#init.system()
    const end = id.lastIndexOf('/')
    const { parent, ownId } = place ?? { parent: system.registry.get(id.slice(0, end)), ownId: id.slice(end + 1) }
    if (parent === undefined && ownId !== id) return
    try {
      this.#bring({ id, definition, parent, ownId, cell: undefined, isPassive: true }, undefined)
    } catch (error: unknown) {
      if (CodedError.is(error, 'ACTOR_SYSTEM_STOPPED')) return
      // What is stored stays, and takes messages, until somebody starts it with the right definition.
      this.#places.set(id, { id, definition, parent, ownId, cell: undefined, isPassive: false, failure: error })
      const { nodeName: node, workerIndex: worker } = system
      const address = formatAddress({ node, worker, path: id, incarnation: 0 })
      system.report({ type: 'actor-lost', id, address, error })
    }
  }

  /** @throws the coded error of the store rather than that of a failed start. */
  #bring(place: Place, input: unknown): void {
    const system = this.#init.system()
    this.#places.set(place.id, place)
    place.isPassive = false
    try {
      const options = { id: place.ownId, input }
      place.cell = system.spawnChild(place.parent ?? system.rootCell(), place.definition, options)
    } catch (error: unknown) {
      this.#places.delete(place.id)
      const cause = CodedError.is(error, 'ACTOR_START_FAILED') ? error.cause : undefined
      throw CodedError.is(cause) ? cause : error
    }
  }

  #commitsOf(cell: Cell): number | undefined {
    return this.#init.store()?.actor(cell.id)?.commits
  }

  #freshId(): string {
    const system = this.#init.system()
    for (;;) {
      const id = String(system.bookNumber())
      if (this.#init.store()?.actor(id) === undefined && !this.#places.has(id)) return id
    }
  }
}

/** Nobody watches it, nothing was put aside, and nothing runs below it. */
function isForgettable(cell: Cell): boolean {
  const { extras, firstChild } = cell
  if (firstChild !== undefined) return false
  if (extras === undefined) return true
  const { observers, listeners, endListeners, stash } = extras
  return ![observers, listeners, endListeners].some((set) => (set?.size ?? 0) > 0) && (stash?.length ?? 0) === 0
}
