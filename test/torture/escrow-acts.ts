import { timestampFromMs } from '../../src/base/time.ts'
import type { EscrowMessageEvent } from '../../src/core/escrow/escrow-event.ts'
import type { EscrowTimerName } from '../../src/core/escrow/escrow-timers.ts'
import { evidenceRootOf } from '../../src/core/escrow/evidence-root.ts'
import type { EscrowState } from '../../src/core/escrow/escrow-state.ts'
import type { Did } from '../../src/core/evidence/names.ts'
import { ARBITERS, type Body, hashNamed, nanos, PAYER, WATCHER, WORKER } from '../core/escrow/escrow-builder.ts'
import { NOW } from './escrow-deadlines.ts'
import { CONTRACT, heardHash } from './escrow-node.ts'

/** Everything that can happen in a small world. */
export type Act =
  | { readonly type: 'message'; readonly label: string; readonly message: EscrowMessageEvent }
  /** The same, about a contract that is not there; books refuse it. */
  | { readonly type: 'foreign'; readonly label: string; readonly message: EscrowMessageEvent }
  /** The contract is offered again after it was pruned. */
  | { readonly type: 'again' }
  /** A party signs an order of its own under an id that the contract is going to use. */
  | { readonly type: 'squat'; readonly purpose: string }
  /** Time comes to a deadline. */
  | { readonly type: 'deadline'; readonly name: EscrowTimerName }
  | { readonly type: 'timer'; readonly name: EscrowTimerName }
  /** The ledger takes what waits first; `isRefused`: for no fault of the contract it does not. */
  | { readonly type: 'ledger'; readonly isRefused: boolean }
  | { readonly type: 'answer'; readonly index: number; readonly isLast: boolean }
  | { readonly type: 'answer-lost'; readonly index: number }
  | { readonly type: 'pocket'; readonly party: 'payer' | 'worker'; readonly isBack: boolean }

export function labelOf(act: Act): string {
  switch (act.type) {
    case 'message':
      return act.label
    case 'foreign':
      return `${act.label} about another contract`
    case 'again':
      return 'the contract is offered again'
    case 'squat':
      return `payer takes the id of ${act.purpose}`
    case 'deadline':
      return `time reaches T_${act.name}`
    case 'timer':
      return `timer ${act.name}`
    case 'ledger':
      return act.isRefused ? 'ledger refuses' : 'ledger takes'
    case 'answer':
      return `answer ${act.index}${act.isLast ? '' : ', and once more later'}`
    case 'answer-lost':
      return `answer ${act.index} lost`
    case 'pocket':
      return `${act.party} ${act.isBack ? 'brings its money back' : 'takes its money away'}`
  }
}

type Said = { readonly iss: Did; readonly body: Body }

/** Everybody, by a name for traces. */
const NAMES = new Map<Did, string>([
  [PAYER, 'payer'],
  [WORKER, 'worker'],
  [WATCHER, 'outsider'],
  ...ARBITERS.map((did, index) => [did, `arbiter ${index}`] as const),
])
/** Past T_offer, and within what books take. */
const SOON = timestampFromMs(NOW + 60_000)
const AMOUNTS = [0, 1, 2, 3] as const
const [ARBITER, SECOND = ARBITER, THIRD = ARBITER] = ARBITERS
const EVERYBODY: readonly Did[] = [PAYER, WORKER, WATCHER, ...(ARBITER === undefined ? [] : [ARBITER])]
const HASH = hashNamed('content')

/** Lists of joint signatures, from complete to absurd. */
const JOINT: readonly (readonly Did[])[] = [
  [PAYER, WORKER],
  [PAYER],
  [WORKER],
  [PAYER, PAYER],
  [WORKER, WATCHER],
  [],
  [PAYER, WORKER, WATCHER],
]

function rulingSigners(): readonly (readonly Did[])[] {
  if (ARBITER === undefined || SECOND === undefined || THIRD === undefined) return []
  return [
    [ARBITER, SECOND],
    [SECOND, ARBITER],
    [ARBITER, THIRD],
    [SECOND, THIRD],
    [ARBITER, SECOND, THIRD],
    [ARBITER],
    [ARBITER, ARBITER],
    [ARBITER, PAYER],
    [ARBITER, WATCHER],
    [],
  ]
}

/** One of each sort that does not depend on the state; rulings have their root and evidence its piece filled in later. */
function bodies(): readonly Said[] {
  const said: Said[] = []
  const plain: readonly Body[] = [
    { type: 'offered', expiresAt: SOON },
    { type: 'withdrawn' },
    { type: 'awarded' },
    { type: 'hold-requested' },
    { type: 'started' },
    { type: 'beat-sent', meter: HASH },
    { type: 'settle-requested' },
    { type: 'evidence-added', hash: HASH },
  ]
  for (const iss of EVERYBODY) {
    for (const body of plain) said.push({ iss, body })
    for (const signers of JOINT) said.push({ iss, body: { type: 'contract-signed', signers } })
    for (const amount of AMOUNTS) said.push(...withAmount(iss, amount))
    for (const culprit of EVERYBODY) {
      const proof = { type: 'equivocation-proved', culprit, culpritSeq: 0, first: HASH } as const
      said.push({ iss, body: { ...proof, second: hashNamed('other') } }, { iss, body: { ...proof, second: HASH } })
    }
  }
  said.push({ iss: PAYER, body: { type: 'offered', expiresAt: NOW } })
  return said
}

function withAmount(iss: Did, amount: number): readonly Said[] {
  const sum = nanos(amount)
  const content = { result: HASH, manifest: HASH, meter: HASH, verdict: HASH }
  const said: Body[] = [
    { type: 'delivered', ...content, claimNanos: sum },
    { type: 'accepted', amountNanos: sum },
    { type: 'rejected', reason: 'wrong', evidence: HASH, concededNanos: sum },
    { type: 'disputed', evidence: HASH, claimNanos: sum },
    { type: 'refund-requested', amountNanos: sum },
  ]
  for (const signers of JOINT) {
    said.push({ type: 'cancelled', amountNanos: sum, signers })
    for (const number of AMOUNTS) said.push({ type: 'voucher-signed', number, amountNanos: sum, meter: HASH, signers })
  }
  for (const signers of rulingSigners()) said.push({ type: 'ruled', evidenceRoot: HASH, workerNanos: sum, signers })
  return said.filter((body) => isTelling(iss, body, amount)).map((body) => ({ iss, body }))
}

/** Whose act it is; joint messages may be brought by anybody, and these bring them in all their forms. */
const NATURAL: Readonly<Partial<Record<Body['type'], Did>>> = {
  delivered: WORKER,
  accepted: PAYER,
  rejected: PAYER,
  disputed: WORKER,
  'refund-requested': WORKER,
  cancelled: PAYER,
  'voucher-signed': PAYER,
  ruled: WATCHER,
}

/** Every amount and number where the right one sends it with the right signatures (or the payer cancels alone); one of each where something else is wrong with it. */
function isTelling(iss: Did, body: Body, amount: number): boolean {
  const isPlain = amount === 1 && (body.type !== 'voucher-signed' || body.number === 1)
  if (iss !== NATURAL[body.type]) return isPlain
  if (!('signers' in body) || isPlain) return true
  if (body.type === 'cancelled' && body.signers.length === 1 && body.signers[0] === PAYER) return true
  const { length } = new Set(body.signers).size === body.signers.length ? body.signers : []
  return (
    length >= 2 && body.signers.every((did) => (body.type === 'ruled') === ARBITERS.includes(did) && did !== WATCHER)
  )
}

function signed({ iss, body }: Said, place: { readonly seq: number; readonly envelope: string }): EscrowMessageEvent {
  return { ...body, iss, seq: place.seq, prev: undefined, at: NOW, envelope: hashNamed(place.envelope) }
}

function labelled(said: Said): string {
  const { type, ...rest } = said.body
  const text = (value: unknown): unknown => {
    if (typeof value === 'bigint') return String(value)
    if (typeof value !== 'string') return value
    for (const [did, name] of NAMES) if (did === value) return name
    return value.length === 64 ? undefined : value
  }
  return `${NAMES.get(said.iss) ?? ''} ${type} ${JSON.stringify(rest, (_, value: unknown) => text(value))}`
}

/** Messages at the next place of their signer, those at the last one again or otherwise, and old ones. */
export function messagesOf(): readonly Extract<Act, { type: 'message' }>[] {
  const acts: Extract<Act, { type: 'message' }>[] = bodies().map((said) => {
    const label = labelled(said)
    return { type: 'message', label, message: signed(said, { seq: 2, envelope: `new ${label}` }) } as const
  })
  for (const iss of [PAYER, WORKER]) {
    for (const body of [{ type: 'beat-sent', meter: HASH }, { type: 'withdrawn' }] as const) {
      const label = labelled({ iss, body })
      const same = { ...signed({ iss, body }, { seq: 1, envelope: '' }), envelope: heardHash(iss) }
      acts.push({ type: 'message', label: `${label} again`, message: same })
      const other = signed({ iss, body }, { seq: 1, envelope: `other ${label}` })
      acts.push({ type: 'message', label: `${label} at a taken place`, message: other })
      const old = signed({ iss, body }, { seq: 0, envelope: `old ${label}` })
      acts.push({ type: 'message', label: `${label} at an old place`, message: old })
    }
  }
  return acts
}

/** What depends on the state: a ruling names the state's root besides another one; a piece of evidence is new, or known. */
export function fittedTo(
  acts: readonly Extract<Act, { type: 'message' }>[],
  state: EscrowState | undefined,
): readonly Extract<Act, { type: 'message' }>[] {
  if (state?.kind !== 'DISPUTED' && state?.kind !== 'FROZEN') return acts
  const evidenceRoot = state.kind === 'FROZEN' ? state.evidenceRoot : evidenceRootOf(CONTRACT, state.evidence)
  const piece = hashNamed(`piece ${state.kind === 'DISPUTED' ? state.evidence.length : 0}`)
  return acts.flatMap((act) => {
    const { message, label } = act
    if (message.type === 'ruled')
      return [act, { type: 'message', label: `${label} on this record`, message: { ...message, evidenceRoot } }]
    if (message.type === 'evidence-added')
      return [act, { type: 'message', label: `${label} new`, message: { ...message, hash: piece } }]
    if (message.type === 'disputed')
      return [act, { type: 'message', label: `${label} new`, message: { ...message, evidence: piece } }]
    return [act]
  })
}
