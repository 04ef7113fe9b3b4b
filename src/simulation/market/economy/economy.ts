import { canonicalJson, type JsonValue } from '../../../base/canonical-json.ts'
import { type Amount, amountFromNanos, ZERO_AMOUNT } from '../../../base/money.ts'
import { sha256Hex } from '../../../base/sha256.ts'
import type { AcceptancePredicate } from '../../../core/acceptance/acceptance-predicate.ts'
import { decodeUtf8 } from '../../../core/text/decode-utf8.ts'
import { utf8Bytes } from '../../../core/text/encode-utf8.ts'
import { streamOf } from '../../world/seeded-random.ts'
import type { BuyerTask } from '../strategies/strategy.ts'

/** One credit. */
export const CREDIT_NANOS = 1_000_000_000n

export type EconomyInit = {
  readonly seed: number
  /** Kinds of work. */
  readonly skills: number
  /** Tasks whose results no predicate can judge, 0 to 1. */
  readonly openShare: number
}

/** Run that no machine of the market can do: it leaves a predicate undecided, and somebody has to look. */
const REVIEW = 'review'
/** Of a kind of work, in credits, drawn evenly between the two. */
const BASE_MIN = 1
const BASE_MAX = 4
/** What it costs one seller, as a share of that. */
const COST_MIN = 0.6
const COST_MAX = 1.4
/** What it is worth to a buyer, as a multiple of that. */
const VALUE_MIN = 1.5
const VALUE_MAX = 3
const ANSWER_BELOW = 1_000_000_007

/** What work costs and is worth, and which results are right: the truth of a marketplace, which its market never asks. Everything follows from the seed and names. */
export class Economy {
  readonly skills: readonly string[]
  private readonly init: EconomyInit

  constructor(init: EconomyInit) {
    this.init = init
    this.skills = Array.from({ length: init.skills }, (_, at) => `work.kind-${at}`)
  }

  /** What a task of a skill usually costs. */
  baseNanos(skill: string): Amount {
    return amountOf(this.drawn(`base/${skill}`, [BASE_MIN, BASE_MAX]))
  }

  /** What it costs one seller. */
  costNanos(seller: string, skill: string): Amount {
    return timesOf(this.baseNanos(skill), this.drawn(`cost/${seller}/${skill}`, [COST_MIN, COST_MAX]))
  }

  /** What buyers pay for it at most, on average. */
  usualNanos(skill: string): Amount {
    return timesOf(this.baseNanos(skill), (VALUE_MIN + VALUE_MAX) / 2)
  }

  /** A buyer's task by its number. */
  task(buyer: string, index: number): BuyerTask {
    const name = `task/${buyer}/${index}`
    const random = streamOf(this.init.seed, `economy/${name}`)
    const skill = this.skills[random.nextBelow(this.skills.length)] ?? ''
    const worth = VALUE_MIN + random.nextUnit() * (VALUE_MAX - VALUE_MIN)
    const isChecked = random.nextUnit() >= this.init.openShare
    return { key: `${buyer}-${index}`, skill, valueNanos: timesOf(this.baseNanos(skill), worth), isChecked }
  }

  /** The input of a task: what the work is about. */
  inputOf({ key, skill }: Pick<BuyerTask, 'key' | 'skill'>): Uint8Array {
    return utf8Bytes(canonicalJson({ key, skill }))
  }

  /** What its contract accepts: the right answer where the buyer can tell it in advance, else what somebody who looks says. */
  predicateOf(task: Pick<BuyerTask, 'key' | 'skill' | 'isChecked'>): AcceptancePredicate {
    if (!task.isChecked) return { kind: 'exit-code', run: REVIEW, code: 0 }
    const expected = String(answerTo(this.inputOf(task)))
    return { kind: 'number-near', artifact: 'result', pointer: '/answer', expected, tolerance: '0' }
  }

  /** The result of work that was done. */
  rightResult(input: Uint8Array): Uint8Array {
    return utf8Bytes(canonicalJson({ answer: answerTo(input) }))
  }

  /** What looks like it. */
  wrongResult(input: Uint8Array): Uint8Array {
    return utf8Bytes(canonicalJson({ answer: (answerTo(input) + 1) % ANSWER_BELOW }))
  }

  /** What whoever looks sees. */
  isRight(input: Uint8Array, result: Uint8Array): boolean {
    return answerIn(result) === answerTo(input)
  }

  private drawn(name: string, [least, most]: readonly [number, number]): number {
    return least + streamOf(this.init.seed, `economy/${name}`).nextUnit() * (most - least)
  }
}

/** So many credits, rounded down to a millionth. */
export function amountOf(credits: number): Amount {
  return timesOf(amountFromNanos(CREDIT_NANOS), credits)
}

/** So many times an amount; the factor is rounded down to a millionth. */
function timesOf(amount: Amount, factor: number): Amount {
  return amountFromNanos((amount * BigInt(Math.floor(factor * 1_000_000))) / 1_000_000n)
}

function answerTo(input: Uint8Array): number {
  return Number.parseInt(sha256Hex(`answer/${decodeUtf8(input) ?? ''}`).slice(0, 12), 16) % ANSWER_BELOW
}

function answerIn(result: Uint8Array): unknown {
  try {
    const json = JSON.parse(decodeUtf8(result) ?? '') as JsonValue
    return typeof json === 'object' && json !== null && 'answer' in json ? json.answer : undefined
  } catch {
    return undefined
  }
}

/** Millionths of an amount. */
export function shareOf(nanos: Amount, perMillion: number): Amount {
  return perMillion <= 0 ? ZERO_AMOUNT : amountFromNanos((nanos * BigInt(perMillion)) / 1_000_000n)
}
