import { type Timestamp, timestampFromMs } from '../../base/time.ts'

/** UTF-16 units of a reason, and of a name, at most; the rest is cut off. */
const TEXT_MAX = 400

/** That everything is stopped: since when, by whom, and why. */
export type StopRecord = { readonly at: Timestamp; readonly by: string; readonly reason: string }

export function makeStopRecord({ at, by, reason }: StopRecord): StopRecord {
  return { at, by: by.slice(0, TEXT_MAX), reason: reason.slice(0, TEXT_MAX) }
}

export function formatStopRecord(record: StopRecord): string {
  return `${JSON.stringify(record)}\n`
}

/** Reads what a file says. Whatever it holds, somebody put it there to stop the node: what cannot be read stops it as well. */
export function parseStopRecord(text: string): StopRecord {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  const members: Readonly<Record<string, unknown>> = typeof json === 'object' && json !== null ? { ...json } : {}
  const { at, by, reason } = members
  const isStamp = typeof at === 'number' && Number.isSafeInteger(at) && at >= 0
  return makeStopRecord({
    at: timestampFromMs(isStamp ? at : 0),
    by: typeof by === 'string' ? by : 'the file of the data directory',
    reason: typeof reason === 'string' ? reason : '',
  })
}
