/**
 * What a member of a notary set that lags is given: one slot of the log a line, with its certificate, the messages that changed something, and what was said of those that
 * changed nothing. Here is its shape; `src/market/notary/set/set-copy.ts` checks it.
 *
 * ```text
 * {"block":{...},"bodies":["{...}",...],"quorum":{...},"said":[{"message":"<hash>","effect":"refused","code":"..."},...]}
 * ```
 *
 * @see protocol/spec/notary.md
 */
import { z } from 'zod'
import { BATCH_MAX } from '../../core/notary/notary-state.ts'
import { NOTARY_BODY_CHARACTERS_MAX, NOTARY_DECISION } from './notary-messages.ts'
import { NOTARY_STATEMENT } from './notary-receipt.ts'

const COPIED_SLOT = z.strictObject({
  ...NOTARY_DECISION.shape,
  /** In the order of their entries. */
  bodies: z.array(z.string().max(NOTARY_BODY_CHARACTERS_MAX)).max(BATCH_MAX),
  said: z.array(NOTARY_STATEMENT).max(BATCH_MAX),
})

export type CopiedSlot = z.output<typeof COPIED_SLOT>

/** Reads a line; `undefined` for anything else. Nothing in it is checked. Never throws. */
export function readCopiedLine(line: string): CopiedSlot | undefined {
  try {
    const read = COPIED_SLOT.safeParse(JSON.parse(line))
    return read.success ? read.data : undefined
  } catch {
    return undefined
  }
}
