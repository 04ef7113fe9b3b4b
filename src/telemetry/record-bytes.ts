import { parseTelemetryEvent } from '../wire/read-telemetry-event.ts'
import type { TelemetryEvent } from '../wire/telemetry-event.ts'

const DECODER = new TextDecoder('utf-8', { fatal: true })

/** The record that the bytes are; `undefined` where they are none. */
export function recordOfBytes(bytes: Uint8Array): TelemetryEvent | undefined {
  const reading = parseTelemetryEvent(jsonOf(bytes))
  return 'event' in reading ? reading.event : undefined
}

/** `undefined` for what is no JSON text. */
function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(DECODER.decode(bytes))
  } catch {
    return undefined
  }
}
