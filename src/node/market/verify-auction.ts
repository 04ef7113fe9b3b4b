import { readFile } from 'node:fs/promises'
import { CodedError } from '../../base/errors.ts'
import { parseAuctionReceipt, parseAuctionTranscript } from '../../core/auction/auction-codec.ts'
import { TRANSCRIPT_CODES } from '../../core/auction/auction-codes.ts'
import type { AuctionReceipt } from '../../core/auction/auction-record.ts'
import { verifyTranscript } from '../../core/auction/verify-transcript.ts'

/** What `kernell market auction verify` prints. Amounts are decimal texts of nano-units. */
export type AuctionVerification = {
  readonly ok: boolean
  /** Computed again from the bids that count, whatever the transcript says; `null` when nobody may win. */
  readonly winner: string | null
  readonly clearingNanos: string | null
  readonly currency: string
  readonly bids: readonly { readonly bidder: string; readonly status: string }[]
  readonly problems: readonly {
    readonly code: string
    readonly bidder: string | null
    readonly cause: string
    readonly remedy: string
  }[]
}

export type VerifyAuctionInit = {
  readonly path: string
  /** The document that a node handed out, instead of what `path` holds. */
  readonly transcript?: unknown
  /** A file with an array of receipts that bidders hold. */
  readonly receipts?: string
}

/** Computes an auction again from its public transcript. Rejects with `COMMAND_INVALID` for files that hold something else. */
export async function verifyAuction({ path, transcript, receipts }: VerifyAuctionInit): Promise<AuctionVerification> {
  const document = transcript ?? (await readJson(path))
  const held = receipts === undefined ? undefined : await readReceipts(receipts)
  return judgeTranscript(memberOr(document, 'transcript'), path, held)
}

/** The same for a transcript that was read already. Throws `COMMAND_INVALID` for what is none. */
export function judgeTranscript(json: unknown, name: string, held?: readonly AuctionReceipt[]): AuctionVerification {
  const transcript = parseAuctionTranscript(json)
  if (transcript === undefined)
    throw new CodedError('COMMAND_INVALID', { message: `${name} is no transcript of an auction` })
  const { ok, winner, clearingNanos, bids, problems } = verifyTranscript(
    transcript,
    held === undefined ? {} : { receipts: held },
  )
  return {
    ok,
    winner: winner ?? null,
    clearingNanos: clearingNanos === undefined ? null : String(clearingNanos),
    currency: transcript.call.currency,
    bids,
    problems: problems.map(({ code, bidder }) => ({ code, bidder: bidder ?? null, ...TRANSCRIPT_CODES[code] })),
  }
}

async function readReceipts(path: string): Promise<readonly AuctionReceipt[]> {
  const list = await readJson(path)
  const receipts = Array.isArray(list) ? list.map(parseAuctionReceipt) : [undefined]
  const known = receipts.filter((receipt) => receipt !== undefined)
  if (known.length === receipts.length) return known
  throw new CodedError('COMMAND_INVALID', { message: `${path} is no array of receipts` })
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (cause: unknown) {
    throw new CodedError('COMMAND_INVALID', { message: `${path} cannot be read as JSON`, cause })
  }
}

/** A document around it, as `auction-transcript` messages and `auction show` have, or the thing itself. */
function memberOr(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null && name in json
    ? Object.entries(json).find(([key]) => key === name)?.[1]
    : json
}
