import type { Did, Hash } from '../../core/evidence/names.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import { canonicalText } from '../../wire/v1/canonical.ts'

/** What speaks against a member of a notary set and proves nothing: whoever hears it from another one knows nothing. */
export type Suspicion =
  /** It has not shown that its journal of `to` entries begins with the `from` that it has signed before. */
  | {
      readonly kind: 'beginning-not-shown'
      readonly member: Did
      readonly journal: Hash
      readonly from: number
      readonly to: number
    }
  /** It and another member have signed different things about so many entries of one journal: one of the two lies. */
  | {
      readonly kind: 'at-odds'
      readonly member: Did
      readonly other: Did
      readonly journal: Hash
      readonly entries: number
    }

/** In front of the keys of suspicions, beside which proofs are kept. */
export const SUSPICION_KEY = 'suspicion/'

export type SuspicionsInit = {
  readonly store: KeyValueStore
  readonly onChanged: (suspicions: readonly Suspicion[]) => void
  readonly onFailure: (cause: unknown) => void
}

/** Suspicions of now: on disk for whoever looks when the node has stopped, and gone with its next start, which asks anew. */
export class Suspicions {
  private readonly init: SuspicionsInit
  private readonly known = new Map<string, Suspicion>()
  private writing: Promise<void> = Promise.resolve()

  constructor(init: SuspicionsInit) {
    this.init = init
  }

  get list(): readonly Suspicion[] {
    return [...this.known.values()]
  }

  /** Forgets those of before. */
  async start(): Promise<void> {
    const { store } = this.init
    const old: string[] = []
    const range = { gte: SUSPICION_KEY, lt: `${SUSPICION_KEY}\uffff` }
    for await (const { key } of store.iterate(range, { onDamaged: () => {} })) old.push(key)
    for (const key of old) await store.delete(key)
  }

  /** One of a kind of each member. */
  add(suspicion: Suspicion): void {
    const key = keyOf(suspicion)
    if (this.known.has(key)) return
    this.known.set(key, suspicion)
    this.write(async () => await this.init.store.put(key, utf8Bytes(canonicalText(suspicion))))
  }

  clear(suspicion: Pick<Suspicion, 'kind' | 'member'>): void {
    const key = keyOf(suspicion)
    if (this.known.delete(key)) this.write(async () => await this.init.store.delete(key))
  }

  /** Resolves when everything is with the store. */
  async settle(): Promise<void> {
    await this.writing
  }

  private write(work: () => Promise<void>): void {
    this.init.onChanged(this.list)
    this.writing = this.writing.then(work).catch(this.init.onFailure)
  }
}

function keyOf({ kind, member }: Pick<Suspicion, 'kind' | 'member'>): string {
  return `${SUSPICION_KEY}${kind}/${member}`
}
