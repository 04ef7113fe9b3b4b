/**
 * Golden vectors: bytes and what they mean, for implementers in any language. A file of `protocol/vectors/v1` is `{"area", "keys", "context", "vectors"}`; every
 * vector says by `kind` what it checks. An area adds a file here that exports a `VectorArea`, and one line to `VECTOR_AREAS` in `scripts/protocol-vectors.ts`.
 */
import type { NotarySet } from '../../src/core/notary/notary-set.ts'

/** Who receives, where and when, unless a vector says otherwise. */
export type VectorContext = {
  readonly network: string
  readonly audience: readonly string[]
  readonly now: number
  readonly clockSkewMs: number
}

export type Vector =
  | AuctionVector
  | GossipVector
  | MarketVector
  /** The bytes are an envelope that is accepted; the other members are what is worked out on the way. */
  | {
      readonly kind: 'accepted'
      readonly name: string
      readonly bytes: string
      readonly type: string
      /** Canonical text of the head, which is what `hash` is of. */
      readonly head: string
      /** Body as JSON. */
      readonly body: unknown
      readonly hash: string
      readonly signingBytes: string
      readonly signature: string
    }
  /** The bytes are refused with the code, by decoding or, in the context, by authentication. */
  | {
      readonly kind: 'refused'
      readonly name: string
      readonly bytes: string
      readonly code: string
      readonly context?: Partial<VectorContext>
    }
  /** The bytes are the canonical ones of the value. */
  | { readonly kind: 'canonical'; readonly name: string; readonly bytes: string; readonly value: unknown }
  /** The bytes are no canonical value; the code says why. */
  | { readonly kind: 'canonical-refused'; readonly name: string; readonly bytes: string; readonly code: string }
  /** The DID is the one of the public key, and the other way round. */
  | { readonly kind: 'did-key'; readonly name: string; readonly did: string; readonly publicKey: string }
  | { readonly kind: 'did-key-refused'; readonly name: string; readonly did: string }
  /** Two signed heads, and what they prove: `envelopes` (both hashes, ascending), or a refusal code. */
  | {
      readonly kind: 'equivocation'
      readonly name: string
      readonly proof: unknown
      readonly envelopes?: readonly string[]
      readonly code?: string
    }

export type MarketVector =
  /** The bytes are a frame of the market with that header, and what is behind it. */
  | {
      readonly kind: 'market-frame'
      readonly name: string
      readonly bytes: string
      readonly frame: unknown
      readonly behind: string
    }
  /** The bytes are refused with the code. */
  | { readonly kind: 'market-frame-refused'; readonly name: string; readonly bytes: string; readonly code: string }
  /** The bytes list these pieces of an artefact of that size, which is named by the hash. */
  | {
      readonly kind: 'piece-list'
      readonly name: string
      readonly bytes: string
      readonly sizeBytes: number
      readonly pieces: readonly string[]
      readonly hash: string
    }
  /** The bytes are no list. */
  | { readonly kind: 'piece-list-refused'; readonly name: string; readonly bytes: string }

export type AuctionVector =
  /** The call hashes to the auction's id. */
  | { readonly kind: 'auction-id'; readonly name: string; readonly call: unknown; readonly auction: string }
  /** The parts hash to the commitment. */
  | {
      readonly kind: 'auction-commitment'
      readonly name: string
      readonly auction: string
      readonly bidder: string
      readonly salt: string
      readonly bid: unknown
      readonly commitment: string
    }
  /** `order` is `commitments` as equal scores are ranked, the winner first; without a beacon by the commitments themselves. */
  | {
      readonly kind: 'auction-tie'
      readonly name: string
      readonly beacon?: string
      readonly commitments: readonly string[]
      readonly order: readonly string[]
    }
  /** What the revealed bids come to. */
  | {
      readonly kind: 'auction-clearing'
      readonly name: string
      readonly call: unknown
      readonly beacon?: string
      readonly candidates: readonly unknown[]
      readonly outcome: unknown
    }
  /** A transcript, what bidders have signed, the hash that the auctioneer signs, and what a third party finds. */
  | {
      readonly kind: 'auction-transcript'
      readonly name: string
      readonly transcript: unknown
      /** Canonical texts of envelopes. */
      readonly bids: readonly string[]
      readonly transcriptHash: string
      readonly verdict: unknown
    }

export type GossipVector =
  /** The bytes announce that auction of that auctioneer, whose bids the node takes. */
  | {
      readonly kind: 'announcement'
      readonly name: string
      readonly bytes: string
      readonly auction: string
      readonly auctioneer: string
      readonly node: string
    }
  /** What whoever hears the bytes makes of them, and why. */
  | {
      readonly kind: 'announcement-refused'
      readonly name: string
      readonly bytes: string
      readonly verdict: 'ignore' | 'reject'
      readonly code: string
    }
  /** The bytes are a card of `node`; hashes of its offers that are valid in the context, and of its receipts. */
  | {
      readonly kind: 'card'
      readonly name: string
      readonly bytes: string
      readonly node: string
      readonly offers: readonly string[]
      readonly receipts: readonly string[]
    }
  /** The bytes are no card that is passed on; `reject` where it counts against whoever passed it on. */
  | {
      readonly kind: 'card-refused'
      readonly name: string
      readonly bytes: string
      readonly verdict: string
      readonly code: string
    }
  /**
   * The bytes are announced to a node that knows nothing but the set. `convicts`: members that are proven to have lied, or the id of the set where more than `f` of it have, and the
   * proof does not say who.
   */
  | {
      readonly kind: 'notary-checkpoint' | 'notary-proof'
      readonly name: string
      readonly bytes: string
      readonly set: NotarySet
      readonly verdict: string
      readonly convicts: readonly string[]
    }

export type VectorFile = {
  readonly area: string
  readonly version: 1
  /** Keys by name; bytes as hexadecimal digits. */
  readonly keys: Readonly<Record<string, { readonly seed: string; readonly publicKey: string; readonly did: string }>>
  readonly context: VectorContext
  readonly vectors: readonly Vector[]
}

export type VectorArea = {
  /** Name of the file in `protocol/vectors/v1`. */
  readonly area: string
  readonly vectors: () => readonly Vector[]
}
