import type { Amount } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Did } from '../evidence/names.ts'
import { compareTexts } from '../text/compare-texts.ts'
import type { CardEntry } from './card-directory.ts'

export type CardNeed = {
  readonly skill: string
  readonly at: Timestamp
  /** Nodes at most. */
  readonly nodesMax: number
}

type Fitting = { readonly entry: CardEntry; readonly priceNanos: Amount }

/**
 * Nodes that say that they sell a skill, in the order in which to ask them: those that are known, then strangers, of each neighbour that told of them the cheapest in turn. Keys cost nothing, so one
 * neighbour with a thousand cheap names takes no more places than another with one.
 */
export function rankCards(entries: readonly CardEntry[], { skill, at, nodesMax }: CardNeed): readonly CardEntry[] {
  const fitting = entries.flatMap((entry) => fit(entry, { skill, at }) ?? []).toSorted(byPrice)
  const known = fitting.filter(({ entry }) => entry.isKnown)
  const groups = new Map<Did, Fitting[]>()
  for (const one of fitting) {
    if (one.entry.isKnown) continue
    const group = groups.get(one.entry.teller)
    if (group === undefined) groups.set(one.entry.teller, [one])
    else group.push(one)
  }
  const strangers: Fitting[] = []
  for (let round = 0; strangers.length < nodesMax; round += 1) {
    const turn = [...groups.values()].flatMap((group) => group[round] ?? []).toSorted(byPrice)
    if (turn.length === 0) break
    strangers.push(...turn)
  }
  return [...known, ...strangers].slice(0, nodesMax).map(({ entry }) => entry)
}

/** With its lowest price for the skill; `undefined` where it sells none of it now. */
function fit(entry: CardEntry, { skill, at }: Pick<CardNeed, 'skill' | 'at'>): Fitting | undefined {
  let lowest: Amount | undefined
  for (const { terms } of entry.card.offers) {
    if (terms.skill !== skill || at < terms.validFrom || at >= terms.validUntil) continue
    if (lowest === undefined || terms.priceNanos < lowest) lowest = terms.priceNanos
  }
  return lowest === undefined ? undefined : { entry, priceNanos: lowest }
}

/** Prices of different currencies say nothing of each other; whoever asks compares the offers themselves. */
function byPrice(one: Fitting, other: Fitting): number {
  if (one.priceNanos !== other.priceNanos) return one.priceNanos < other.priceNanos ? -1 : 1
  return compareTexts(one.entry.envelope, other.entry.envelope)
}
