import type { RandomStream } from '../../base/random-stream.ts'
import type { TaskKind } from './model-profile.ts'

/** A task that somebody in a world wants done, and what only the world knows of it. */
export type SimulatedTask = {
  readonly kind: TaskKind
  readonly prompt: string
  /** 0 to 1: the share of tasks of its kind that are easier. */
  readonly difficulty: number
  /** Texts that the answer may consist of, the right one first; one alone where it is a piece of work. */
  readonly answers: readonly string[]
}

const NOUNS = ['lamp', 'river', 'engine', 'seed', 'mirror', 'bridge', 'kettle', 'cloud', 'magnet', 'spring', 'candle']
const ADJECTIVES = ['cold', 'heavy', 'hollow', 'moving', 'polished', 'wet', 'sealed', 'loose', 'bent', 'charged']
const VERBS = ['warms', 'lifts', 'slows', 'fills', 'turns', 'covers', 'pulls', 'cools', 'splits', 'holds']
const LETTERS = ['A', 'B', 'C', 'D'] as const
/** Longest chain of conditions, of the hardest task. */
const CLAUSES_MAX = 6

/**
 * A task of a kind in made-up words. Harder ones have more conditions, as far as luck allows, so that whoever reads prompts can tell something of how
 * hard they are. That they do is an assumption of this world.
 */
export function makeTask(random: RandomStream, kind: TaskKind): SimulatedTask {
  const difficulty = random.nextUnit()
  const clauses = 1 + Math.floor((CLAUSES_MAX - 1) * (0.7 * difficulty + 0.3 * random.nextUnit()))
  const conditions = Array.from({ length: clauses }, () => clause(random))
  switch (kind) {
    case 'choice':
      return { kind, difficulty, ...choiceTask(random, conditions) }
    case 'commonsense':
      return { kind, difficulty, ...commonsenseTask(random, conditions) }
    case 'code':
      return { kind, difficulty, ...codeTask(random, conditions) }
  }
}

type Asked = Pick<SimulatedTask, 'prompt' | 'answers'>

function choiceTask(random: RandomStream, conditions: readonly string[]): Asked {
  const options = LETTERS.map((letter) => `${letter}) ${thing(random)}`)
  const right = random.nextBelow(LETTERS.length)
  const prompt = `${sentence(conditions)} which of these changes first?\n${options.join('\n')}\nPrint only a single choice from "A" or "B" or "C" or "D" without explanation.\nAnswer:`
  return { prompt, answers: rotated(LETTERS, right) }
}

function commonsenseTask(random: RandomStream, conditions: readonly string[]): Asked {
  const [one, other] = [thing(random), thing(random)]
  const prompt = `${sentence(conditions)} the ${one} was put beside the ${other} because the _ was ${word(random, ADJECTIVES)}.\nWhat does the blank stand for?\nA) ${one}\nB) ${other}\nPrint only a single choice from "A" or "B" without explanation.\nAnswer:`
  return { prompt, answers: rotated(['A', 'B'], random.nextBelow(2)) }
}

function codeTask(random: RandomStream, conditions: readonly string[]): Asked {
  const name = `${word(random, VERBS)}_${word(random, NOUNS)}_${random.nextBelow(10_000)}`
  const prompt = `Write a Python function ${name} that takes a list of records of a ${thing(random)} and returns those for which it holds that ${conditions.join(', and ')}.`
  return {
    prompt,
    answers: [`\`\`\`python\ndef ${name}(records):\n    return [one for one in records if one.holds]\n\`\`\``],
  }
}

function sentence(conditions: readonly string[]): string {
  return `When ${conditions.join(', and ')},`
}

function clause(random: RandomStream): string {
  return `the ${thing(random)} ${word(random, VERBS)} the ${thing(random)}`
}

function thing(random: RandomStream): string {
  return `${word(random, ADJECTIVES)} ${word(random, NOUNS)}`
}

function word(random: RandomStream, words: readonly string[]): string {
  return words[random.nextBelow(words.length)] ?? ''
}

function rotated(options: readonly string[], first: number): readonly string[] {
  return [...options.slice(first), ...options.slice(0, first)]
}
