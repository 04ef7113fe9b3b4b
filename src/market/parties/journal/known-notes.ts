import type { JsonValue } from '../../../base/canonical-json.ts'
import type { PartyRecord } from './party-record.ts'

type Noted = Extract<PartyRecord, { kind: 'noted' }>

/** Notes by topic and key, in memory. */
export class KnownNotes {
  private readonly topics = new Map<string, Map<string, JsonValue>>()
  /** Which notes there are, by what stands before the first slash of their keys: a subject's notes are found without looking at all. */
  private readonly places = new Map<string, Map<string, Pick<Noted, 'topic' | 'key'>>>()
  private count = 0

  get size(): number {
    return this.count
  }

  get(topic: string, key: string): JsonValue | undefined {
    return this.topics.get(topic)?.get(key)
  }

  /** In the order in which the keys were first written. */
  of(topic: string): readonly (readonly [string, JsonValue])[] {
    return [...(this.topics.get(topic) ?? [])]
  }

  apply({ topic, key, value }: Omit<Noted, 'kind'>): void {
    const notes = this.topics.get(topic) ?? new Map<string, JsonValue>()
    const place = `${topic}/${key}`
    const places = this.places.get(beginningOf(key)) ?? new Map<string, Pick<Noted, 'topic' | 'key'>>()
    this.count -= notes.size
    if (value === null) {
      notes.delete(key)
      places.delete(place)
    } else {
      notes.set(key, value)
      places.set(place, { topic, key })
    }
    this.count += notes.size
    this.topics.set(topic, notes)
    if (places.size === 0) this.places.delete(beginningOf(key))
    else this.places.set(beginningOf(key), places)
  }

  /** Drops every note whose key is a subject, or begins with it and a slash. */
  forget(subject: string): void {
    const places = Array.from(this.places.get(beginningOf(subject))?.values() ?? [])
    for (const { topic, key } of places)
      if (key === subject || key.startsWith(`${subject}/`)) this.apply({ topic, key, value: null })
  }

  *records(): Generator<Noted> {
    for (const [topic, notes] of this.topics)
      for (const [key, value] of notes) yield { kind: 'noted', topic, key, value }
  }
}

function beginningOf(key: string): string {
  const end = key.indexOf('/')
  return end < 0 ? key : key.slice(0, end)
}
