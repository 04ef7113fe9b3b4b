import { readFile } from 'node:fs/promises'
import { CodedError } from '../../../base/errors.ts'
import { parseAuctionReceipt } from '../../../core/auction/auction-codec.ts'
import { TRANSCRIPT_CODES } from '../../../core/auction/auction-codes.ts'
import type { AuctionReceipt, AuctionTranscript } from '../../../core/auction/auction-record.ts'
import { transcriptHashOf } from '../../../core/auction/transcript.ts'
import { verifyTranscript } from '../../../core/auction/verify-transcript.ts'
import { createNodeVerifier } from '../../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import { parseAuctionFile, readSignedBids } from '../../../market/auctions/auction-file.ts'
import { readSignedRecord, type SignedRecord } from '../../../market/auctions/signed-record.ts'
import { readDeposits } from './read-deposits.ts'
import { unreadableFile } from '../../unreadable-file.ts'

const VERIFY = verifySignatureWith(createNodeVerifier())

/** Messages of one document at most; a party keeps no more of an auction. */
const SIGNED_MAX = 512

/** What `kernell market auction verify` prints. Amounts are decimal texts of nano-units. */
export type AuctionVerification = {
  readonly ok: boolean
  /** The auctioneer, where its signature on this very transcript is there. */
  readonly signedBy: string | null
  /** Signed receipts that it was held against. */
  readonly receipts: number
  /** Deposits that the copy of the books has held, of those that are listed; `null` where none was given, or the call asks for none: then they are not checked. */
  readonly deposits: { readonly held: number; readonly listed: number } | null
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
  /** A copy of the set's books, as `kernell ledger verify` takes it. */
  readonly books?: string
}

/**
 * Computes an auction again from its public transcript, and holds it against what the bidders have signed and, where the document has that, its auctioneer:
 * `{"transcript", "bids", "signed"}`. Rejects with `COMMAND_INVALID` for files that hold something else, and for books that are not right or say nothing of it.
 */
export async function verifyAuction({
  path,
  transcript,
  receipts,
  books,
}: VerifyAuctionInit): Promise<AuctionVerification> {
  const document = transcript ?? (await readJson(path))
  const held = receipts === undefined ? [] : await readReceipts(receipts)
  const file = parseAuctionFile(document)
  if (file === undefined) throw new CodedError('COMMAND_INVALID', { message: `${path} is no transcript of an auction` })
  const { transcript: read } = file
  const signed = signedIn(document, read)
  const isAsked = books !== undefined && read.call.depositNanos > 0n
  const deposits = isAsked ? await readDeposits(books, read) : undefined
  const { ok, winner, clearingNanos, bids, problems } = verifyTranscript(read, {
    ...signed,
    receipts: [...held, ...signed.receipts],
    signed: readSignedBids(file, VERIFY),
    ...(deposits !== undefined && { isHeld: deposits.isHeld }),
  })
  const isSigned = signed.transcriptHash === transcriptHashOf(read)
  return {
    // Another transcript that the auctioneer has signed is not this one.
    ok: ok && (isSigned || signed.transcriptHash === undefined),
    signedBy: isSigned ? read.call.auctioneer : null,
    receipts: signed.receipts.length,
    deposits: deposits === undefined ? null : { held: deposits.held, listed: read.entries.length },
    winner: winner ?? null,
    clearingNanos: clearingNanos === undefined ? null : String(clearingNanos),
    currency: read.call.currency,
    bids,
    problems: problems.map(({ code, bidder }) => ({ code, bidder: bidder ?? null, ...TRANSCRIPT_CODES[code] })),
  }
}

function signedIn(document: unknown, { auction, call }: AuctionTranscript): SignedRecord {
  const listed = memberOr(document, 'signed')
  const texts = Array.isArray(listed) ? listed.filter((text): text is string => typeof text === 'string') : []
  return readSignedRecord(texts.slice(0, SIGNED_MAX), { auction, auctioneer: call.auctioneer, verify: VERIFY })
}

async function readReceipts(path: string): Promise<readonly AuctionReceipt[]> {
  const list = await readJson(path)
  const receipts = Array.isArray(list) ? list.map(parseAuctionReceipt) : [undefined]
  const known = receipts.filter((receipt) => receipt !== undefined)
  if (known.length === receipts.length) return known
  throw new CodedError('COMMAND_INVALID', { message: `${path} is no array of receipts` })
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw unreadableFile('COMMAND_INVALID', { named: `The file ${path}`, file: path, cause })
  })
  try {
    return JSON.parse(text)
  } catch (cause: unknown) {
    throw new CodedError('COMMAND_INVALID', { message: `The file ${path} is not JSON`, cause })
  }
}

/** A document around it, as `auction-transcript` messages and `auction show` have, or the thing itself. */
function memberOr(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null && name in json
    ? Object.entries(json).find(([key]) => key === name)?.[1]
    : json
}
