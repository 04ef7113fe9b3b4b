import { CodedError } from '../base/errors.ts'
import { type Timestamp, timestampFromMs } from '../base/time.ts'
import { type Did, parseDid } from '../core/evidence/names.ts'
import { BAN_REASON_LENGTH_MAX, isInForce, PEER_BANS_MAX, type PeerBan, placeBan } from '../core/peers/peer-bans.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'

/**
 * What `PeerBans` needs from outside: a clock, by which bans begin and end, and a store of its own, whose keys are the DIDs of those that are banned.
 */
export type PeerBansComponents = {
  readonly clock: Pick<Clock, 'now'>
  /** Where bans survive a restart. */
  readonly store: KeyValueStore
}

/** What an order to ban a peer or to let it in has changed: `exists` where it was so before, the end and the reason of the ban included. */
export type BanEffect = 'applied' | 'exists'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Whom this node keeps away by order of whoever runs it. A ban is with the store, synced, before it counts, and a ban that is taken back is gone from there
 * before the peer is let in: a write that fails changes nothing, and a restart never ends a ban. All changes come one after the other.
 */
export class PeerBans {
  private readonly components: PeerBansComponents
  private readonly own: readonly Did[]
  private readonly bans = new Map<Did, PeerBan>()
  private last: Promise<unknown> = Promise.resolve()

  /** @param own  Keys of this node, which cannot be banned. */
  constructor(components: PeerBansComponents, own: readonly Did[]) {
    this.components = components
    this.own = own
  }

  /** Reads what was kept. An entry that cannot be read still says who is kept away: that stays so until it is taken back. */
  async load(): Promise<void> {
    const { store } = this.components
    const damaged: string[] = []
    for await (const { key, value } of store.iterate({}, { onDamaged: (key) => void damaged.push(key) }))
      this.keep(key, value)
    for (const key of damaged) this.keep(key, undefined)
  }

  isBanned(peer: Did): boolean {
    return this.banOf(peer) !== undefined
  }

  /** The ban that is in force. */
  banOf(peer: Did): PeerBan | undefined {
    const ban = this.bans.get(peer)
    return ban !== undefined && isInForce(ban, this.components.clock.now()) ? ban : undefined
  }

  /** All that are in force, the latest first. */
  list(): readonly PeerBan[] {
    const now = this.components.clock.now()
    return [...this.bans.values()]
      .filter((ban) => isInForce(ban, now))
      .toSorted((one, other) => other.since - one.since)
  }

  /** Keeps a peer away from now on. Rejects with `PEER_IS_SELF`, `PEER_BANS_FULL`, and as `KeyValueStore.batch`: nothing has changed then. */
  async ban(ban: Omit<PeerBan, 'since'>): Promise<BanEffect> {
    if (this.own.includes(ban.peer))
      throw new CodedError('PEER_IS_SELF', { message: `${ban.peer} is a key of this node itself` })
    return await this.inTurn(async () => await this.add({ ...ban, since: this.components.clock.now() }))
  }

  /** Lets a peer in again. Rejects as `KeyValueStore.delete`: it is kept away then as before. */
  async unban(peer: Did): Promise<BanEffect> {
    return await this.inTurn(async () => {
      if (!this.bans.has(peer)) return 'exists'
      const wasInForce = this.isBanned(peer)
      await this.components.store.delete(peer, { sync: true })
      this.bans.delete(peer)
      return wasInForce ? 'applied' : 'exists'
    })
  }

  private async add(ban: PeerBan): Promise<BanEffect> {
    const outcome = placeBan(this.bans, ban)
    if (outcome.kind === 'exists') return 'exists'
    if (outcome.kind === 'full')
      throw new CodedError('PEER_BANS_FULL', {
        message: `${PEER_BANS_MAX} peers are banned already`,
        details: { limit: PEER_BANS_MAX },
      })
    await this.components.store.batch(
      [
        ...outcome.over.map((peer) => ({ type: 'delete' as const, key: peer })),
        { type: 'put', key: ban.peer, value: encoder.encode(JSON.stringify(ban)) },
      ],
      { sync: true },
    )
    for (const peer of outcome.over) this.bans.delete(peer)
    this.bans.set(ban.peer, ban)
    return 'applied'
  }

  private async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.last.then(work)
    this.last = turn.catch(() => {})
    return await turn
  }

  private keep(key: string, value: Uint8Array | undefined): void {
    const peer = parseDid(key)
    if (peer === undefined) return
    this.bans.set(peer, (value && readBan(peer, value)) ?? unreadableBan(peer, this.components.clock.now()))
  }
}

function unreadableBan(peer: Did, since: Timestamp): PeerBan {
  return { peer, since, until: undefined, reason: 'what was kept of this ban cannot be read', by: '' }
}

/** What `add` wrote; `undefined` for anything else. */
function readBan(peer: Did, value: Uint8Array): PeerBan | undefined {
  try {
    const read: unknown = JSON.parse(decoder.decode(value))
    if (typeof read !== 'object' || read === null || !('since' in read) || !('reason' in read) || !('by' in read))
      return undefined
    const until = 'until' in read ? read.until : undefined
    const { since, reason, by } = read
    if (typeof since !== 'number' || typeof reason !== 'string' || typeof by !== 'string') return undefined
    if (until !== undefined && typeof until !== 'number') return undefined
    return {
      peer,
      since: timestampFromMs(since),
      until: until === undefined ? undefined : timestampFromMs(until),
      reason: reason.slice(0, BAN_REASON_LENGTH_MAX),
      by: by.slice(0, BAN_REASON_LENGTH_MAX),
    }
  } catch {
    return undefined
  }
}
