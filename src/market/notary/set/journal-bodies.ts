import { canonicalJson, type JsonValue } from '../../../base/canonical-json.ts'
import type { BooksJournal } from '../books/books-journal.ts'

export type JournaledBody = { readonly slot: number; readonly body: string }

/** The messages of a journal as they were sent, or ordered by the set, from a slot on. Ends early where the text of an entry is not kept. */
export async function* bodiesFrom(journal: BooksJournal, fromSlot: number): AsyncGenerator<JournaledBody, undefined> {
  const { entries } = journal
  for (let index = await firstFrom(journal, fromSlot); index < entries; index += 1) {
    const found = await bodyAt(journal, index)
    if (found === undefined) return undefined
    yield found
  }
  return undefined
}

/** Index of the first entry of a slot or behind it: slots never fall. */
async function firstFrom(journal: BooksJournal, slot: number): Promise<number> {
  let [low, high] = [0, journal.entries]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const found = await bodyAt(journal, middle)
    if (found !== undefined && found.slot >= slot) high = middle
    else low = middle + 1
  }
  return low
}

async function bodyAt(journal: BooksJournal, index: number): Promise<JournaledBody | undefined> {
  const text = await journal.readEntry(index).catch(() => undefined)
  if (text === undefined) return undefined
  // Written by `formatBookedEvent`.
  const { event } = JSON.parse(text) as { readonly event: EventText }
  const { slot } = event
  if (event.envelope !== undefined) return { slot, body: canonicalJson(event.envelope) }
  return { slot, body: canonicalJson({ ordered: { ...event.ordered, at: event.due ?? event.ordered?.['at'] ?? 0 } }) }
}

type EventText = {
  readonly slot: number
  readonly envelope?: JsonValue
  readonly ordered?: Readonly<Record<string, JsonValue>>
  readonly due?: number
}
