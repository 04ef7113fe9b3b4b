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
  const counts = countInstruction(scan)
  if (counts.proof > 0) {
    steps += 2
    signs.push('asks for a proof')
  }
  const invention = inventionSteps(counts)
  if (invention > 0) signs.push(invention > 1 ? 'takes an expert' : 'asks for an invention')
  steps += invention
  const { work } = counts
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

/** Words of an instruction, by what they say of the work; a word may be in several lists. The lists are set by judgement. */
const INSTRUCTION_WORDS = {
  /** Verbs that ask for a piece of work of its own. */
  work: 'design plan compare implement write draft build research summarise summarize analyse analyze estimate evaluate prove derive test document review outline translate explain refactor migrate benchmark investigate propose',
  proof: 'prove proof proofs disprove',
  /** Verbs that ask for an invention rather than for a text. */
  strong:
    'prove disprove derive design implement optimise optimize architect formalise formalize engineer parallelise parallelize reimplement',
  /** Verbs that ask for a thing to be made, whatever it is. */
  making: 'write build create develop code program make port',
  /** Things of which making one is work for a developer or a mathematician. */
  technical:
    'implement architect algorithm api architecture parser server database system pipeline protocol cache queue tree heap graph hash map equation theorem formula integral identity inequality network service schema library framework module backend frontend application query index sort limiter class function tokenizer lexer grammar solver circuit controller platform',
  /** Systems whose making takes an expert, and properties that make any system hard. */
  system:
    'compiler transpiler interpreter decompiler jit kernel hypervisor bootloader allocator filesystem scheduler raft paxos consensus byzantine linearizable linearizability serializable serializability lockfree waitfree concurrent concurrency distributed sharded sharding replicated replication crdt mvcc borrow checker collector typechecker unification cryptosystem cryptographic snark blockchain emulator raytracer multithreaded fpga verilog autodiff simd gpu cuda tolerant transactional multiregion verifier',
  /** Results and fields of mathematics and physics in which a proof or a derivation is research or close to it. */
  topic:
    "riemann hypothesis conjecture feit thompson solvable soluble nilpotent fermat fermat's goldbach poincare poincaré hodge navier stokes yang mills birch swinnerton collatz langlands hilbert galois banach lebesgue sobolev gödel godel gödel's godel's incompleteness cohomology homology homotopy manifold modularity sylow noether noether's sheaf martingale ergodic uncomputable undecidable undecidability np lagrangian hamiltonian dirac schrödinger schrodinger einstein",
  /** Words that say that a text is wanted, though it may be about a system. */
  text: 'story poem haiku song joke essay summary email letter paragraph sentence sentences tweet post article definition overview title titles caption slogan quiz about',
} as const

type InstructionWord = keyof typeof INSTRUCTION_WORDS

/** Different words of each list. */
type InstructionCounts = Record<InstructionWord, number>

const LISTS_BY_WORD: ReadonlyMap<number, readonly InstructionWord[]> = listsByWord()

function listsByWord(): ReadonlyMap<number, readonly InstructionWord[]> {
  const lists = new Map<number, InstructionWord[]>()
  for (const name of Object.keys(INSTRUCTION_WORDS) as InstructionWord[]) {
    for (const word of INSTRUCTION_WORDS[name].split(' ')) {
      const hash = hashWord(word)
      lists.set(hash, [...(lists.get(hash) ?? []), name])
    }
  }
  return lists
}

/** Counts different words among the first ones. */
function countInstruction({ words, wordCount }: PromptScan): InstructionCounts {
  const counts: InstructionCounts = {
    work: 0,
    proof: 0,
    strong: 0,
    making: 0,
    technical: 0,
    system: 0,
    topic: 0,
    text: 0,
  }
  const end = Math.min(wordCount, INSTRUCTION_WORDS_MAX)
  const found: number[] = []
  for (let place = 0; place < end; place += 1) {
    const hash = words[place] ?? 0
    const lists = LISTS_BY_WORD.get(hash)
    if (lists === undefined || found.includes(hash)) continue
    found.push(hash)
    for (const name of lists) counts[name] += 1
  }
  return counts
}

/**
 * Steps for what is to be made: one for an invention among technical things, three for a system or a result that takes an
 * expert (two for a proof, which has its own sign), and one more for each further sign of such, up to two.
 */
function inventionSteps({ proof, strong, making, technical, system, topic, text }: InstructionCounts): number {
  const isProof = proof > 0
  if (!isProof && (text > 0 || strong + making === 0)) return 0
  const expert = system + (isProof || strong > 0 ? topic : 0)
  if (expert > 0) return (isProof ? 1 : 2) + Math.min(expert, 3)
  return strong > 0 && technical > 0 && !isProof ? 1 : 0
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
