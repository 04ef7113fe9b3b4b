import type { CacheQuery, CacheTicket } from '../semantic-cache.ts'
import type { CacheRequest } from './cache-request.ts'

/** What a lookup found out and an admission needs. */
export type TicketContent = {
  readonly query: CacheQuery
  readonly filed: CacheRequest
  /** `undefined` until it was needed. */
  readonly vector: Float32Array | undefined
}

/**
 * A ticket whose content only the cache that issued it can read. A weak map from tickets to contents would say the same, and its every entry would be
 * one more thing for the garbage collector to weigh, twice per request.
 */
export class IssuedTicket implements CacheTicket {
  readonly entryId: string
  readonly #issuer: object
  readonly #content: TicketContent

  constructor(issuer: object, content: TicketContent) {
    this.entryId = content.filed.entryId
    this.#issuer = issuer
    this.#content = content
  }

  /** The content; `undefined` when `ticket` is none of this issuer's. */
  static read(ticket: object | undefined, issuer: object): TicketContent | undefined {
    if (ticket === undefined || !(#issuer in ticket)) return undefined
    return ticket.#issuer === issuer ? ticket.#content : undefined
  }
}
