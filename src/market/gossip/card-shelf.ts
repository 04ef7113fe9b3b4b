import { canonicalJson } from '../../base/canonical-json.ts'
import { type Timestamp, timestampFromMs } from '../../base/time.ts'
import { type Did, parseDid } from '../../core/evidence/names.ts'
import type { CardEntry } from '../../core/market/card-directory.ts'
import type { KeyValueOperation, KeyValueStore } from '../../ports/key-value-store.ts'

/** A card as it is written: the signed text, and what this node knows beside it. */
export type KeptCard = {
  readonly node: Did
  readonly text: string
  readonly since: Timestamp
  readonly teller: Did
  readonly isKnown: boolean
}

const ENCODER: { encode(text: string): Uint8Array } = new TextEncoder()
const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder('utf-8', { fatal: true })

/** Where the cards of a directory survive a restart, by the DID of the node. What is lost is heard again, so writes are not waited for. */
export class CardShelf {
  private readonly store: KeyValueStore | undefined
  private readonly onFailure: (cause: unknown) => void
  private readonly texts = new Map<Did, string>()
  private readonly changed = new Map<Did, KeyValueOperation>()
  private writing: Promise<void> | undefined

  constructor(store: KeyValueStore | undefined, onFailure: (cause: unknown) => void) {
    this.store = store
    this.onFailure = onFailure
  }

  /** Those who were heard of first come first; what cannot be read is removed. */
  async load(): Promise<readonly KeptCard[]> {
    const { store } = this
    if (store === undefined) return []
    const kept: KeptCard[] = []
    for await (const { key, value } of store.iterate({}, { onDamaged: () => {} })) {
      const [node, card] = [parseDid(key), readKept(value)]
      if (node === undefined || card === undefined) await store.delete(key)
      else kept.push({ node, ...card })
    }
    return kept.toSorted((one, other) => one.since - other.since)
  }

  /** With its text, unless the text is the one that is here already. */
  put({ card: { node }, since, teller, isKnown }: CardEntry, text = this.texts.get(node)): void {
    if (this.store === undefined || text === undefined) return
    this.texts.set(node, text)
    this.write({ type: 'put', key: node, value: ENCODER.encode(canonicalJson({ since, teller, isKnown, text })) })
  }

  remove(node: Did): void {
    this.texts.delete(node)
    this.write({ type: 'delete', key: node })
  }

  async flush(): Promise<void> {
    while (this.writing !== undefined) await this.writing
  }

  private write(operation: KeyValueOperation): void {
    if (this.store === undefined) return
    this.changed.set(operation.key as Did, operation)
    this.writing ??= Promise.resolve().then(async () => await this.writeChanged())
  }

  private async writeChanged(): Promise<void> {
    try {
      while (this.changed.size > 0) {
        const operations = [...this.changed.values()]
        this.changed.clear()
        await this.store?.batch(operations)
      }
    } catch (cause: unknown) {
      this.onFailure(cause)
    } finally {
      this.writing = undefined
    }
  }
}

function readKept(value: Uint8Array): Omit<KeptCard, 'node'> | undefined {
  try {
    const read: unknown = JSON.parse(DECODER.decode(value))
    if (typeof read !== 'object' || read === null) return undefined
    const { text, since, teller, isKnown } = read as Readonly<Record<string, unknown>>
    const did = typeof teller === 'string' ? parseDid(teller) : undefined
    if (typeof text !== 'string' || typeof since !== 'number' || did === undefined || typeof isKnown !== 'boolean')
      return undefined
    return { text, since: timestampFromMs(since), teller: did, isKnown }
  } catch {
    return undefined
  }
}
