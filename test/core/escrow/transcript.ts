import { timestampFromMs, type Timestamp } from '../../../src/base/time.ts'
import type { ContractAuthority } from '../../../src/core/escrow/contract-authority.ts'
import type { EscrowEffect } from '../../../src/core/escrow/escrow-effect.ts'
import { ESCROW_MONEY, type EscrowEvent, type EscrowMessageEvent } from '../../../src/core/escrow/escrow-event.ts'
import { ESCROW_MACHINE } from '../../../src/core/escrow/escrow-machine.ts'
import type { EscrowState } from '../../../src/core/escrow/escrow-state.ts'
import type { EscrowTerms } from '../../../src/core/escrow/escrow-terms.ts'
import { ESCROW_TIMER_NAMES, timersOf } from '../../../src/core/escrow/escrow-timers.ts'
import { evidenceRootOf } from '../../../src/core/escrow/evidence-root.ts'
import type { Did, Hash } from '../../../src/core/evidence/names.ts'
import {
  ARBITERS,
  type Body,
  PAYER,
  PAYER_CREDITS,
  START,
  WATCHER,
  WORKER,
  contractNamed,
  creditTerms,
  hashNamed,
  message,
  nanos,
  notaryTerms,
  termsOf,
} from './escrow-builder.ts'

/** Terms that a transcript may name in its first line. */
export const TRANSCRIPT_TERMS: Readonly<Record<string, () => EscrowTerms>> = {
  C1: () => creditTerms(),
  C2: () => notaryTerms(),
  C3: () => termsOf(),
  'C3-no-dispute-bond': () =>
    termsOf({
      bonds: { payerNanos: nanos(20), workerNanos: nanos(30), disputeNanos: nanos(0) },
      fees: { capNanos: nanos(3), flatNanos: nanos(2), perMillion: 10_000, arbiterNanos: nanos(0) },
    }),
  'C3-milestones': () => termsOf({ milestonesNanos: [nanos(30), nanos(60)] }),
  'C2-mandate': () => notaryTerms({ capabilityHash: hashNamed('chain') }),
  'C3-signed-by': () => termsOf({ signBy: timestampFromMs(START + 500) }),
  'C3-half': () => termsOf({ fallbackPerMillion: 500_000 }),
}

const SIGNERS: Readonly<Record<string, Did>> = {
  payer: PAYER,
  worker: WORKER,
  watcher: WATCHER,
  arbiterA: ARBITERS[0] ?? PAYER,
}

/** How far before the next place a message is signed, by the last character of who signs. */
const BACK: Readonly<Record<string, number>> = { "'": 1, '-': 40 }

/** Lists of signers that are no k of n. */
const RULING_SIGNERS: Readonly<Record<string, readonly Did[]>> = {
  one: ARBITERS.slice(0, 1),
  twice: [...ARBITERS.slice(0, 1), ...ARBITERS.slice(0, 1)],
  outsider: [...ARBITERS.slice(0, 1), WATCHER],
}

/** What is different about an order that is not for the contract. */
const OTHER_MANDATES: Readonly<Record<string, Partial<ContractAuthority>>> = {
  'other-chain': { capabilityHash: hashNamed('another chain') },
  'other-contract': { contract: contractNamed('another') },
  'other-payer': { payer: WATCHER },
  'other-worker': { worker: WATCHER },
  'other-custody': { custody: 'C3' },
  'other-price': { maxNanos: nanos(99) },
  'other-currency': { currency: PAYER_CREDITS },
}

type Line = { readonly command: string; readonly expected: string }

/** What a run of a transcript met. */
export type TranscriptRun = {
  readonly lines: readonly { readonly command: string; readonly expected: string; readonly actual: string }[]
  readonly edges: readonly string[]
  readonly refusals: readonly string[]
  readonly violations: readonly string[]
}

/**
 * Runs a transcript: first line `terms NAME`, then one act per line, `command -> what comes`. `at N` sets the stamp, N ms after the first. What comes is the edge
 * or the refusal, the state, its timers as `name@ms`, the money asked for, and receipts.
 *
 * ```text
 * terms C3
 * at 0
 * payer offer -> offer OFFERED offer@1000
 * payer award -> award OFFERED offer@1000
 * ```
 */
export function runTranscript(text: string): TranscriptRun {
  const [first, ...rest] = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const terms = TRANSCRIPT_TERMS[first?.replace('terms ', '') ?? '']?.()
  if (terms === undefined) throw new TypeError(`No such terms: ${first}`)
  const stage = new Stage(terms)
  const lines = rest.map((line) => {
    const { command, expected } = splitLine(line)
    return { command, expected, actual: stage.run(command) }
  })
  return { lines, edges: stage.edges, refusals: stage.refusals, violations: stage.violations }
}

function splitLine(line: string): Line {
  const [command = '', expected = ''] = line.split(' -> ')
  return { command: command.trim(), expected: expected.trim() }
}

class Stage {
  readonly edges: string[] = []
  readonly refusals: string[] = []
  readonly violations: string[] = []
  #state: EscrowState
  #at: Timestamp = START
  #seq = new Map<Did, number>()
  #last: EscrowMessageEvent | undefined

  constructor(terms: EscrowTerms) {
    this.#state = ESCROW_MACHINE.initial({ contract: contractNamed('contract'), terms })
  }

  run(command: string): string {
    const [who = '', ...words] = command.split(' ')
    if (who === 'at') {
      this.#at = timestampFromMs(START + Number(words[0]))
      return ''
    }
    const event = this.#eventOf(who, words)
    const before = this.#state
    const { state, effects } = ESCROW_MACHINE.transition(before, event)
    this.#state = state
    this.violations.push(...ESCROW_MACHINE.violations(state))
    return this.#describe(effects)
  }

  #describe(effects: readonly EscrowEffect[]): string {
    const words: string[] = []
    for (const effect of effects) {
      if (effect.type === 'record-transition') {
        this.edges.push(effect.edge)
        words.push(effect.edge)
      } else if (effect.type === 'event-refused') {
        this.refusals.push(effect.code)
        return effect.code
      } else if (effect.type === 'event-exists') return 'exists'
    }
    words.push(this.#state.kind, ...timersOf(this.#state).map(({ name, firesAt }) => `${name}@${firesAt - START}`))
    for (const effect of effects) {
      if (effect.type === 'post-transfers') words.push(`$${effect.money}#${effect.attempt}`)
      if (effect.type === 'issue-receipt') words.push(`receipt:${effect.receipt.kind}`)
      if (effect.type === 'reputation-update') words.push(`fault:${effect.fault}`)
      if (effect.type === 'prune-contract') words.push('prune')
    }
    const state = this.#state
    if (state.kind === 'CAPTURING') {
      const { cause, capturedNanos, feeNanos, workerSlashedNanos, payerSlashedNanos, paidArbiters } = state.settlement
      words.push(
        `${cause}:${capturedNanos}-${feeNanos}`,
        `slash:${payerSlashedNanos}/${workerSlashedNanos}`,
        `arbiters:${paidArbiters.length}`,
      )
    }
    if ('refundedNanos' in state) words.push(`${state.capturedNanos}-${state.refundedNanos}`)
    return words.join(' ')
  }

  #eventOf(who: string, words: readonly string[]): EscrowEvent {
    const [verb = '', first = '', second = ''] = words
    const at = this.#at
    if (who === 'timer') {
      const name = ESCROW_TIMER_NAMES.find((known) => known === verb)
      if (name === undefined) throw new TypeError(`No such timer: ${verb}`)
      return { type: 'timer-fired', name, at }
    }
    if (who === 'ledger') {
      const money = ESCROW_MONEY.find((known) => known === verb)
      if (money === undefined) throw new TypeError(`No such money: ${verb}`)
      return {
        type: 'transfers-answered',
        money,
        attempt: Number(second === '' ? 1 : second),
        isApplied: first === 'applied',
        at,
      }
    }
    if (who === 'again') return this.#lastMessage()
    return this.#sign(who, this.#bodyOf(who, words))
  }

  #lastMessage(): EscrowMessageEvent {
    if (this.#last === undefined) throw new TypeError('Nothing was sent')
    return { ...this.#last, at: this.#at }
  }

  /** `payer'` signs another message at the place of the one before; `payer-` one at the place before that. */
  #sign(who: string, body: Body): EscrowMessageEvent {
    const name = who.replace(/['-]$/, '')
    const iss = name === 'both' || name === 'arbiters' ? PAYER : SIGNERS[name]
    if (iss === undefined) throw new TypeError(`Nobody is called ${who}`)
    const next = this.#seq.get(iss) ?? 50
    const back = BACK[who.at(-1) ?? ''] ?? 0
    const signed = message(body, { iss, seq: next - back, at: this.#at, salt: who.endsWith("'") ? 'other' : '' })
    if (back === 0) this.#seq.set(iss, next + 1)
    this.#last = signed
    return signed
  }

  /** Signed by the authority of a chain; `other-...` names one that is not the contract's. */
  #mandated(signers: readonly Did[], word: string): Body {
    const { contract, terms } = this.#state
    const { payer, worker, currency, custody, maxNanos } = terms
    const right = {
      contract,
      payer,
      worker,
      currency,
      custody,
      maxNanos,
      subject: payer,
      skill: 'text.word-count',
      links: [],
    }
    const authority = { ...right, capabilityHash: hashNamed('chain'), ...OTHER_MANDATES[word] }
    return { type: 'contract-signed', signers, authority }
  }

  #bodyOf(who: string, [verb = '', first = '', second = '']: readonly string[]): Body {
    const signers = signersOf(who)
    switch (verb) {
      case 'offer':
        return { type: 'offered', expiresAt: timestampFromMs(START + Number(first === '' ? 60_000 : first)) }
      case 'withdraw':
        return { type: 'withdrawn' }
      case 'award':
        return { type: 'awarded' }
      case 'sign':
        return first === '' ? { type: 'contract-signed', signers } : this.#mandated(signers, first)
      case 'hold':
        return { type: 'hold-requested' }
      case 'start':
        return { type: 'started' }
      case 'voucher':
        return {
          type: 'voucher-signed',
          number: Number(first),
          amountNanos: nanos(Number(second)),
          meter: hashNamed('meter'),
          signers,
        }
      case 'beat':
        return { type: 'beat-sent', meter: hashNamed('meter') }
      case 'deliver': {
        const [result, manifest, meter, verdict] = ['result', 'manifest', 'meter', 'verdict'].map(hashNamed)
        if (!result || !manifest || !meter || !verdict) throw new TypeError('unreachable')
        return { type: 'delivered', result, manifest, meter, verdict, claimNanos: nanos(Number(first)) }
      }
      case 'accept':
        return { type: 'accepted', amountNanos: nanos(Number(first)) }
      case 'reject':
        return {
          type: 'rejected',
          reason: 'wrong',
          evidence: hashNamed('rejection'),
          concededNanos: nanos(Number(first)),
        }
      case 'dispute':
        return { type: 'disputed', evidence: hashNamed(`contest ${first}`), claimNanos: nanos(Number(first)) }
      case 'evidence':
        return { type: 'evidence-added', hash: hashNamed(first) }
      case 'rule':
        return {
          type: 'ruled',
          workerNanos: nanos(Number(first)),
          evidenceRoot: second === 'wrong-root' ? hashNamed('wrong') : this.#root(),
          signers: RULING_SIGNERS[second] ?? ARBITERS.slice(1),
        }
      case 'cancel':
        return { type: 'cancelled', amountNanos: nanos(Number(first)), signers }
      case 'settle':
        return { type: 'settle-requested' }
      case 'refund':
        return { type: 'refund-requested', amountNanos: nanos(Number(first)) }
      case 'proof':
        return {
          type: 'equivocation-proved',
          culprit: SIGNERS[first] ?? WATCHER,
          culpritSeq: 0,
          first: hashNamed('one'),
          second: hashNamed(second === 'same' ? 'one' : 'other'),
        }
      default:
        throw new TypeError(`Nobody can ${verb}`)
    }
  }

  #root(): Hash {
    if (this.#state.kind === 'FROZEN') return this.#state.evidenceRoot
    return this.#state.kind === 'DISPUTED'
      ? evidenceRootOf(this.#state.contract, this.#state.evidence)
      : hashNamed('none')
  }
}

function signersOf(who: string): readonly Did[] {
  if (who === 'both') return [PAYER, WORKER]
  const did = SIGNERS[who.replace(/['-]$/, '')]
  return did === undefined ? [] : [did]
}
