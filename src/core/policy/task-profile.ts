import type { TaskDomain } from '../routing/task-outcome.ts'
import type { ModelDifficulty } from '../models/model-entry.ts'
import { hashWord, WORD_CLASSES, type WordClass } from './lexicon.ts'
import { COUNTER, type PromptScan } from './scan-prompt.ts'

/** What the priors believe of a task before any model was asked. */
export type TaskProfile = {
  readonly difficulty: ModelDifficulty
  readonly domain: TaskDomain
  /** For people: what raised the difficulty. */
  readonly signs: readonly string[]
  /** Several things are asked for at once, so that the task may be worth splitting. */
  readonly isCompound: boolean
}

/**
 * Difficulty and domain by rule of thumb: a short plain question is easy, and each sign of work (length, a derivation,
 * conditions, code to write, options that must all be judged) adds a step. The rules are set by judgement, not fitted.
 */
export function profileTask(scan: PromptScan): TaskProfile {
  const signs: string[] = []
  let steps = lengthSteps(scan.wordCount)
  if (steps >= 2) signs.push('long text')
  for (const [sign, weight, holds] of SIGNS) {
    if (!holds(scan)) continue
    steps += weight
    signs.push(sign)
  }
  const work = countWork(scan)
  const isCompound =
    work >= COMPOUND_WORK_MIN || (of(scan, 'production') >= 2 && (scan.counts[COUNTER.sentences] ?? 0) >= 4)
  if (isCompound) {
    signs.push(`asks for ${Math.max(work, 2)} pieces of work`)
    steps += work > COMPOUND_WORK_MIN ? 2 : 1
  }
  const difficulty = Math.min(5, Math.max(1, 1 + Math.floor(steps))) as ModelDifficulty
  return { difficulty, domain: domainOf(scan), signs, isCompound }
}

/** From this many different pieces of work on, a task is worth splitting. */
const COMPOUND_WORK_MIN = 3

/** Words beyond these are the material of a task, hardly its instruction. */
const INSTRUCTION_WORDS_MAX = 400

/** Verbs that ask for a piece of work of its own. */
const WORK_VERBS: ReadonlySet<number> = new Set(
  'design plan compare implement write draft build research summarise summarize analyse analyze estimate evaluate prove derive test document review outline translate explain refactor migrate benchmark investigate propose'
    .split(' ')
    .map(hashWord),
)

const PROOF_WORDS: ReadonlySet<number> = new Set(['prove', 'proof', 'proofs', 'disprove'].map(hashWord))

/** Different work verbs among the first words. */
function countWork({ words, wordCount }: PromptScan): number {
  const found = new Set<number>()
  const end = Math.min(wordCount, INSTRUCTION_WORDS_MAX)
  for (let place = 0; place < end; place += 1) {
    const hash = words[place] ?? 0
    if (WORK_VERBS.has(hash)) found.add(hash)
  }
  return found.size
}

function asksForProof({ words, wordCount }: PromptScan): boolean {
  const end = Math.min(wordCount, INSTRUCTION_WORDS_MAX)
  for (let place = 0; place < end; place += 1) if (PROOF_WORDS.has(words[place] ?? 0)) return true
  return false
}

function lengthSteps(words: number): number {
  if (words <= 14) return 0
  if (words <= 60) return 1
  return words <= 250 ? 1.5 : 2
}

const SIGNS: readonly (readonly [sign: string, steps: number, holds: (scan: PromptScan) => boolean])[] = [
  ['asks for a derivation', 0.5, (scan) => of(scan, 'derivation') >= 1 && (scan.counts[COUNTER.numbers] ?? 0) >= 2],
  ['asks for an explanation', 0.5, (scan) => of(scan, 'explanation') >= 1],
  ['has conditions to keep', 0.5, (scan) => of(scan, 'condition') + of(scan, 'rate') + of(scan, 'comparison') >= 3],
  ['has many numbers', 0.5, (scan) => (scan.counts[COUNTER.numbers] ?? 0) >= 4],
  [
    'has formulas',
    1,
    (scan) => (scan.counts[COUNTER.backslashes] ?? 0) >= 3 || (scan.counts[COUNTER.symbols] ?? 0) >= 12,
  ],
  ['asks to write code', 1, (scan) => isCode(scan) && of(scan, 'production') >= 1],
  ['asks to write at length', 0.5, (scan) => !isCode(scan) && of(scan, 'production') >= 1],
  ['several statements to judge', 1, (scan) => of(scan, 'enumeration') >= 2 && of(scan, 'truth') >= 1],
  ['asks for a proof', 2, asksForProof],
]

function domainOf(scan: PromptScan): TaskDomain {
  if (isCode(scan)) return 'code'
  const numbers = scan.counts[COUNTER.numbers] ?? 0
  const formulas = (scan.counts[COUNTER.backslashes] ?? 0) + (scan.counts[COUNTER.symbols] ?? 0)
  if (has(scan, 'creative')) return 'creative'
  if (of(scan, 'data') >= 2) return 'data'
  if (numbers >= 2 && (has(scan, 'derivation') || of(scan, 'quantity') + of(scan, 'rate') >= 2 || formulas >= 2))
    return 'math'
  if (formulas >= 6) return 'math'
  const reasoning = of(scan, 'condition') + of(scan, 'explanation') + of(scan, 'judgement') + of(scan, 'truth')
  return reasoning >= 2 ? 'reasoning' : 'general'
}

function isCode(scan: PromptScan): boolean {
  const marks = (scan.counts[COUNTER.braces] ?? 0) + (scan.counts[COUNTER.underscores] ?? 0)
  const words = of(scan, 'code')
  return words >= 3 || (words >= 1 && marks >= 2) || (words >= 2 && has(scan, 'production'))
}

function of(scan: PromptScan, name: WordClass): number {
  return scan.classCounts[WORD_CLASSES.indexOf(name)] ?? 0
}

function has(scan: PromptScan, name: WordClass): boolean {
  return of(scan, name) > 0
}
