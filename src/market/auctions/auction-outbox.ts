import { assert } from '../../base/assert.ts'
import type { Timestamp } from '../../base/time.ts'
import { delimitedHash } from '../../core/auction/delimited-hash.ts'
import { type Did, type Hash, parseContractId } from '../../core/evidence/names.ts'
import { encodeBase64 } from '../../core/text/base64.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import { bytesOfHash } from '../../core/transparency/hash-text.ts'
import type { Signer } from '../../ports/signer.ts'
import { type Audience, VALIDITY_MAX_MS } from '../../wire/v1/envelope-head.ts'
import { prepareEnvelope } from '../../wire/v1/envelope.ts'
import type { MessageBody, MessageType } from '../../wire/v1/message-types.ts'

/** A signed message that is to be sent. */
export type OutgoingMessage = {
  readonly type: MessageType
  readonly aud: Audience
  readonly hash: Hash
  readonly bytes: Uint8Array
}

export type OutboxInit = {
  readonly signer: Pick<Signer, 'sign'>
  /** The signer's name. */
  readonly iss: Did
  readonly network: string
  readonly auction: Hash
}

/**
 * Signs what an auctioneer says about one auction. All of it follows from the journal: position, time and nonce of each message are those of the event
 * that it comes of, so that a message made again after a crash has the same bytes. The auction's id stands in `contract`: two lists or two transcripts
 * for one position prove a lie.
 */
export class AuctionOutbox {
  private readonly init: OutboxInit
  private seq = 0
  private prev: Hash | undefined

  constructor(init: OutboxInit) {
    this.init = init
  }

  /** The next message. `at` is the stamp of the event. */
  sign<Type extends MessageType>(
    type: Type,
    body: MessageBody<Type>,
    to: { readonly aud: Audience; readonly at: Timestamp },
  ): OutgoingMessage {
    const { signer, iss, network, auction } = this.init
    const contract = parseContractId(auction)
    assert(contract !== undefined, 'an auction id has the shape of a contract id')
    const { seq, prev } = this
    const prepared = prepareEnvelope<Type>({
      type,
      body,
      net: network,
      contract,
      seq,
      prev,
      iss,
      aud: to.aud,
      iat: to.at,
      exp: (to.at + VALIDITY_MAX_MS) as Timestamp,
      nonce: nonceOf(auction, seq),
    })
    this.seq = seq + 1
    this.prev = prepared.hash
    return { type, aud: to.aud, hash: prepared.hash, bytes: prepared.finish(signer.sign(prepared.signingBytes)) }
  }
}

/** 16 bytes that no other message of the issuer has: auction and position are used once. */
function nonceOf(auction: Hash, seq: number): string {
  const digest = bytesOfHash(delimitedHash('kernell/auction/nonce/v1', [bytesOfHash(auction), utf8Bytes(String(seq))]))
  return encodeBase64(digest.subarray(0, 16)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
