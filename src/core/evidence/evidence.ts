import type { Timestamp } from '../../base/time.ts'
import type { Did, Hash } from './names.ts'

/**
 * What a machine sees of a signed message: its signature, encoding and audience were checked before. Events made of a message extend it, so
 * that each change of state says which message it follows from.
 */
export type Evidence = {
  /** Hash of the message's canonical bytes without its signature; the message's only name. */
  readonly envelope: Hash
  /** Who signed. */
  readonly iss: Did
  /** Position among the issuer's messages about this subject, from 0 upward; two messages of one position and different hashes prove a lie. */
  readonly seq: number
  /** Hash of the issuer's message before; `undefined` for the first. */
  readonly prev: Hash | undefined
  /** Stamp of the notary set: integer milliseconds, never smaller than the one before. Deadlines are compared with it and nothing else. */
  readonly at: Timestamp
}
