import { amountFromNanos } from '../../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../../src/base/time.ts'
import type { AuctionCall } from '../../../src/core/auction/auction-call.ts'
import { AUCTION_KINDS } from '../../../src/core/auction/auction-call.ts'
import { AUCTION_MACHINE } from '../../../src/core/auction/auction-machine.ts'
import type { AuctionTranscript, TranscriptEntry } from '../../../src/core/auction/auction-record.ts'
import { AUCTION_TIMERS } from '../../../src/core/auction/auction-state.ts'
import type { AuctionEffect } from '../../../src/core/auction/auction-state.ts'
import { buyerView } from '../../../src/core/auction/buyer-view.ts'
import type { BidderStanding } from '../../../src/core/auction/determine-winner.ts'
import { verifyTranscript } from '../../../src/core/auction/verify-transcript.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import type { TransferOrder } from '../../../src/core/ledger/transfer-order.ts'
import { AuctionWorld, CALL, ENGLISH_CALL, NOTARY_SET, bidOf, didOf, given, hashOf, saltOf } from './auction-world.ts'
import type { AuctionMachine } from './auction-world.ts'
import type { ScriptStep } from './script-reader.ts'

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'buyer', 'auctioneer', 'issuer', 'shill', 'mallory']
const NAME_OF = new Map<string, string>(NAMES.map((name) => [didOf(name), name]))

/** Plays the commands of a text test on one auction, and prints what came of each. */
export class ScriptPlayer {
  private readonly machine: AuctionMachine
  private world: AuctionWorld
  private transcript: AuctionTranscript | undefined
  private readonly labels = new Map<string, string>()

  constructor(machine: AuctionMachine = AUCTION_MACHINE) {
    this.machine = machine
    this.world = new AuctionWorld(CALL, machine)
  }

  play(step: ScriptStep): string {
    const name = step.words[0] ?? ''
    const at = numberOf(step, 'at', 0)
    switch (step.command) {
      case 'call':
        this.world = new AuctionWorld(callOf(step), this.machine)
        this.transcript = undefined
        return this.print(this.world.publish(at === 0 ? 500 : at))
      case 'commit':
        return this.commit(step)
      case 'deposit':
        return this.print(this.world.answerDeposit(name, step.words[1] === 'held', at))
      case 'reveal':
        return this.print(this.world.reveal(name, priceOf(step), at))
      case 'beacon':
        return this.print(this.world.beacon(this.label(name), at, numberOf(step, 'stamp', at)))
      case 'bid':
        return this.print(this.world.placeBid(name, priceOf(step), at, standingOf(step)))
      case 'cancel':
        return this.print(this.world.cancel(name, at))
      case 'timer':
        return this.print(this.world.fire(given(AUCTION_TIMERS.find((timer) => timer === name)), at))
      case 'tamper':
        this.transcript = tamper(this.transcript ?? this.world.transcript, step, this.world)
        return 'ok'
      case 'verify':
        return this.verify(step)
      case 'view':
        return this.view()
      default:
        throw new SyntaxError(`line ${step.line}: no command ${step.command}`)
    }
  }

  private commit(step: ScriptStep): string {
    const [name = ''] = step.words
    const at = numberOf(step, 'at', 0)
    const copied = step.options.get('copy')
    const bid = priceOf(step)
    const commitment = this.world.commitmentOf(copied ?? name, bid)
    const evidence = this.world.evidence(name, at, `commit ${name} ${bid.priceNanos}`)
    const standing = standingOf(step)
    const said = this.print(this.world.apply({ type: 'commitment-received', ...evidence, commitment, standing }))
    const isTaken = !said.startsWith('refused')
    if (!isTaken || this.world.call.depositNanos === 0n || step.words.includes('unanswered')) return said
    const isRepeat = said.includes('receipt') || said === 'nothing'
    return isRepeat ? said : `${said}\n${this.print(this.world.answerDeposit(name, true, at))}`
  }

  private verify(step: ScriptStep): string {
    const { world } = this
    const { ok, winner, clearingNanos, bids, problems } = verifyTranscript(this.transcript ?? world.transcript, {
      ...(step.words.includes('receipts') && { receipts: world.receipts }),
      ...(step.words.includes('list') && { commitments: world.commitments }),
      ...(step.options.has('checkpoint') && { checkpoint: hashOf(step.options.get('checkpoint') ?? '') }),
    })
    return [
      `${ok ? 'ok' : 'WRONG'} winner=${winner === undefined ? 'none' : nameOf(winner)} price=${clearingNanos ?? 'none'}`,
      ...bids.map(({ bidder, status }) => `  ${nameOf(bidder)} ${status}`).toSorted(),
      ...problems
        .map(({ code, bidder }) => `  ! ${code}${bidder === undefined ? '' : ` ${nameOf(bidder)}`}`)
        .toSorted(),
    ].join('\n')
  }

  private view(): string {
    const { bids, bidders } = buyerView(this.transcript ?? this.world.transcript)
    return bids
      .map(({ label, priceNanos, reputationPpm }, at) => {
        return `${label} price=${priceNanos} rep=${reputationPpm} (${nameOf(bidders[at] ?? '')})`
      })
      .join('\n')
  }

  private label(name: string): string {
    this.labels.set(hashOf(name), name)
    return name
  }

  private print(effects: readonly AuctionEffect[]): string {
    return effects.length === 0 ? 'nothing' : effects.flatMap((effect) => printEffect(effect)).join('\n')
  }
}

function printEffect(effect: AuctionEffect): readonly string[] {
  switch (effect.type) {
    case 'event-refused':
      return [`refused ${effect.code}${effect.reason === undefined ? '' : ` (${effect.reason})`}`]
    case 'start-timer':
      return [`start ${effect.name} ${effect.firesAt}`]
    case 'cancel-timer':
      return [`stop ${effect.name}`]
    case 'post-transfers':
      return effect.orders.map(printOrder)
    case 'issue-receipt':
      return [`receipt ${effect.receipt.stage} ${nameOf(effect.receipt.bidder)} at=${effect.receipt.at}`]
    case 'refuse-commitment':
      return [`drop ${nameOf(effect.bidder)} ${effect.code}`]
    case 'publish-commitments':
      return [`commitments ${effect.commitments.length}`]
    case 'announce-cancel':
      return [`cancelled ${effect.reason}`]
    case 'publish-transcript':
      return [printOutcome(effect.transcript)]
    default:
      throw new TypeError('an effect without print')
  }
}

function printOrder(order: TransferOrder): string {
  switch (order.kind) {
    case 'hold':
      return `hold ${ownerOf(order.debit)} ${order.amount} for ${ownerOf(order.credit)} until ${order.expiresAt}`
    case 'post-held':
      return `forfeit ${order.amount} to ${ownerOf(order.credit)}`
    case 'void-held':
      return 'return deposit'
    case 'post':
      return `post ${order.amount}`
    default:
      throw new TypeError('an order without print')
  }
}

function printOutcome({ outcome, tieRule }: AuctionTranscript): string {
  if (outcome.kind === 'not-awarded') return `closed without award: ${outcome.reason} (ties: ${tieRule})`
  return `closed: ${nameOf(outcome.winner)} wins, paid ${outcome.clearingNanos} (ties: ${tieRule})`
}

/** What a lying auctioneer does to a transcript before it signs it. */
function tamper(transcript: AuctionTranscript, step: ScriptStep, world: AuctionWorld): AuctionTranscript {
  const [what = '', name = ''] = step.words
  const bidder = didOf(name)
  const change = (edit: (entry: TranscriptEntry) => TranscriptEntry): AuctionTranscript => ({
    ...transcript,
    entries: transcript.entries.map((entry) => (entry.bidder === bidder ? edit(entry) : entry)),
  })
  const at = timestampFromMs(numberOf(step, 'at', 1500))
  switch (what) {
    case 'omit':
      return {
        ...transcript,
        entries: transcript.entries.filter((entry) => entry.bidder !== bidder),
        bids: transcript.bids.filter((bid) => bid.bidder !== bidder),
      }
    case 'unreveal':
      return change((entry) => ({ ...entry, reveal: undefined }))
    case 'price':
      return change((entry) => ({ ...entry, reveal: entry.reveal && { ...entry.reveal, bid: priceOf(step) } }))
    case 'stamp':
      return change((entry) => ({ ...entry, at }))
    case 'replay':
      return {
        ...transcript,
        entries: transcript.entries.flatMap((entry) => (entry.bidder === bidder ? [entry, entry] : [entry])),
      }
    case 'winner':
      return { ...transcript, outcome: { kind: 'awarded', winner: bidder, clearingNanos: priceOf(step).priceNanos } }
    case 'beacon':
      return { ...transcript, beacon: { checkpoint: hashOf(name), at } }
    case 'add': {
      const bid = priceOf(step)
      const entry: TranscriptEntry = {
        bidder,
        commitment: world.commitmentOf(name, bid),
        envelope: hashOf(`added ${name}`),
        at,
        standing: standingOf(step),
        reveal: { envelope: hashOf(`shown ${name}`), at: timestampFromMs(2500), salt: saltOf(name), bid },
      }
      const entries = [...transcript.entries, entry].toSorted((left, right) => (left.bidder < right.bidder ? -1 : 1))
      return { ...transcript, entries }
    }
    default:
      throw new SyntaxError(`line ${step.line}: no tampering ${what}`)
  }
}

function callOf(step: ScriptStep): AuctionCall {
  const kind = given(AUCTION_KINDS.find((word) => word === (step.options.get('kind') ?? 'second')))
  const base = kind === 'english' ? ENGLISH_CALL : CALL
  const [price = 1, latency = 0, reputation = 0] = (step.options.get('weights') ?? '1,0,0').split(',').map(Number)
  const forfeitTo = step.options.get('forfeit')
  return {
    ...base,
    kind,
    reservePriceNanos: amountFromNanos(BigInt(step.options.get('reserve') ?? base.reservePriceNanos)),
    depositNanos: amountFromNanos(BigInt(step.options.get('deposit') ?? base.depositNanos)),
    revealMs: durationFromMs(numberOf(step, 'rev', base.revealMs)),
    bidMs: durationFromMs(numberOf(step, 'window', base.bidMs)),
    bidsMax: numberOf(step, 'bids', base.bidsMax),
    forfeitTo: forfeitTo === undefined ? base.forfeitTo : didOf(forfeitTo),
    weights: { price, latency, reputation },
    filter: {
      capabilities: step.options.get('caps')?.split(',') ?? [],
      reputationPpmMin: numberOf(step, 'rep', 0),
      newcomerExposureNanos: amountFromNanos(BigInt(step.options.get('exposure') ?? 100)),
    },
    notarySet: step.words.includes('no-notary') ? undefined : NOTARY_SET,
  }
}

function standingOf(step: ScriptStep): BidderStanding {
  return {
    capabilities: step.options.get('caps')?.split(',') ?? [],
    reputationPpm: numberOf(step, 'rep', 500_000),
    isNewcomer: step.words.includes('newcomer'),
  }
}

function priceOf(step: ScriptStep): ReturnType<typeof bidOf> {
  return bidOf(numberOf(step, 'price', 50), numberOf(step, 'latency', 100))
}

function numberOf({ options }: ScriptStep, key: string, otherwise: number): number {
  const text = options.get(key)
  return text === undefined ? otherwise : Number(text)
}

function ownerOf(account: string): string {
  return nameOf(account.slice(0, account.indexOf('/')))
}

function nameOf(did: string | Hash): string {
  return NAME_OF.get(did) ?? did
}
