/** A record of a journal that one owner writes: an event, and the first effect that it had, so that a replay by other rules is noticed instead of believed. */
export type OwnerRecord<Event> = { readonly event: Event; readonly effect: string | null }

/** The record in the bytes of a journal; `undefined` where it is of another format, or none. */
export function ownerRecordIn<Event>(
  payload: Uint8Array,
  format: number,
  parseEvent: (json: unknown) => Event | undefined,
): OwnerRecord<Event> | undefined {
  const json = jsonIn(payload)
  if (typeof json !== 'object' || json === null || !('event' in json) || !('effect' in json)) return undefined
  if (!('format' in json) || json.format !== format) return undefined
  const event = parseEvent(json.event)
  const { effect } = json
  if (event === undefined || (typeof effect !== 'string' && effect !== null)) return undefined
  return { event, effect }
}

/** JSON of a payload; `undefined` where it is none. */
export function jsonIn(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    return undefined
  }
}
