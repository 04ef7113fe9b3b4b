import { MESSAGES, type MessageType } from '../../src/wire/v1/message-types.ts'
import type { FixedKey } from './fixed-keys.ts'
import type { Vector, VectorArea } from './vector.ts'
import { accepted, rawEnvelope, refused } from './vector-kit.ts'

/** A body in its written form, the type that carries it, and who signs. */
export type BodyRow = readonly [name: string, type: MessageType, body: unknown, key: FixedKey]

/** A body that no message of the type has. */
export type WrongBodyRow = readonly [name: string, type: MessageType, body: unknown]

/** An area whose vectors are bodies, each signed as a message: those that are accepted, then those that are refused for their shape. */
export function bodyArea(area: string, rows: readonly BodyRow[], wrong: readonly WrongBodyRow[]): VectorArea {
  return { area, vectors: () => [...rows.map(acceptedBody), ...wrong.map(refusedBody)] }
}

/** The sender's side starts from values: amounts are bigints there. */
function acceptedBody([name, type, body, key]: BodyRow): Vector {
  return accepted(name, { type, body: MESSAGES[type].parse(body) }, key)
}

function refusedBody([name, type, body]: WrongBodyRow): Vector {
  return refused(name, 'ENVELOPE_BODY_SHAPE', { envelope: rawEnvelope(body, { type }) })
}
