import { CodedError } from '../../../base/errors.ts'
import type { DurableState } from '../state/durable-actor.ts'
import type { DurableDefinition } from '../turn/durable-definition.ts'
import { DurableOwner } from '../turn/durable-owner.ts'
import type { OwnerStore } from '../turn/durable-owner.ts'

/** Who may write for which actor, and which definition holds for it. */
export class Activations {
  readonly #store: OwnerStore
  readonly #state: DurableState
  readonly #owners = new Map<string, DurableOwner>()
  /** Definitions by name, as far as they were named here. */
  readonly #definitions = new Map<string, DurableDefinition>()
  /** The newest incarnation that was given to an actor, stored or not. */
  #reserved = 0

  constructor(store: OwnerStore, state: DurableState) {
    this.#store = store
    this.#state = state
  }

  define(definition: DurableDefinition): void {
    this.#definitions.set(definition.name, definition)
  }

  /** Its owner's; of an actor that is not active, the one that was named last. */
  definitionOf(id: string): DurableDefinition | undefined {
    return this.#owners.get(id)?.definition ?? this.#definitions.get(this.#state.actors.get(id)?.agent ?? '')
  }

  ownerOf(id: string): DurableOwner | undefined {
    return this.#owners.get(id)
  }

  /**
   * Makes an owner, which from now on is the only one for this id.
   *
   * @returns It, and the one that it fences off.
   * @throws `ACTOR_ALREADY_STORED` when the id is that of an actor of another definition, `ACTOR_VERSION_UNKNOWN`, the failure
   *   of the store; nothing has changed then.
   */
  begin(
    id: string,
    definition: DurableDefinition,
  ): { readonly owner: DurableOwner; readonly earlier: DurableOwner | undefined } {
    const actor = this.#state.actors.get(id)
    if (actor !== undefined && actor.agent !== definition.name) {
      throw new CodedError('ACTOR_ALREADY_STORED', {
        message: `${id} is stored as an actor of ${actor.agent}, not of ${definition.name}`,
        details: { id, agent: actor.agent },
      })
    }
    this.define(definition)
    const earlier = this.#owners.get(id)
    const owner =
      actor === undefined
        ? DurableOwner.ofNew(this.#store, id, definition)
        : DurableOwner.ofStored(this.#store, actor, definition)
    this.#owners.set(id, owner)
    return { owner, earlier }
  }

  /** @returns Whether it was the owner until now. */
  end(owner: DurableOwner): boolean {
    return this.#owners.get(owner.id) === owner && this.#owners.delete(owner.id)
  }

  reserveIncarnation(): number {
    this.#reserved = Math.max(this.#reserved + 1, this.#state.incarnationNext)
    return this.#reserved
  }
}
