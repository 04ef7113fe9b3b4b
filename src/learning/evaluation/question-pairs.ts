import { CodedError } from '../../base/errors.ts'

/** Two questions, and whether one answer serves both. */
export type QuestionPair = { readonly a: string; readonly b: string; readonly isDuplicate: boolean }

/** Pairs of one file, with what tells the file apart. */
export type QuestionPairFile = {
  readonly name: string
  /** SHA-256 of the file's text, 64 lower-case hexadecimal digits. */
  readonly sha256: string
  readonly pairs: readonly QuestionPair[]
}

/** Reads JSON Lines with rows `{a, b, duplicate}`; other members are ignored. Throws `TRAINING_DATA_INVALID` naming file and line. */
export function parseQuestionPairs(text: string, fileName: string): readonly QuestionPair[] {
  const pairs: QuestionPair[] = []
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const pair = parsePair(line)
    if (pair === undefined) {
      throw new CodedError('TRAINING_DATA_INVALID', {
        message: `${fileName}, line ${at + 1}: not a question pair; a line needs the texts "a" and "b" and the boolean "duplicate"`,
        details: { file: fileName, line: at + 1 },
      })
    }
    pairs.push(pair)
  }
  return pairs
}

function parsePair(line: string): QuestionPair | undefined {
  let row: unknown
  try {
    row = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof row !== 'object' || row === null) return undefined
  const { a, b, duplicate } = row as Record<string, unknown>
  return typeof a === 'string' && typeof b === 'string' && typeof duplicate === 'boolean'
    ? { a, b, isDuplicate: duplicate }
    : undefined
}

/** Which questions are tied: by pairs that are duplicates (one answer serves both), and by any pair at all. */
export type QuestionLinks = {
  /** Equal numbers: the same text, or joined by a chain of duplicate pairs. */
  answerOf(text: string): number
  /** Equal numbers: joined by a chain of pairs of any kind. Training and judging never share a group. */
  groupOf(text: string): number
}

/** Links of one file; texts of other files are unknown (-1). */
export function linkQuestions(pairs: readonly QuestionPair[]): QuestionLinks {
  const numbers = new Map<string, number>()
  const numberOf = (text: string): number => {
    const known = numbers.get(text)
    if (known !== undefined) return known
    numbers.set(text, numbers.size)
    return numbers.size - 1
  }
  const sides = pairs.map(({ a, b, isDuplicate }) => ({ a: numberOf(a), b: numberOf(b), isDuplicate }))
  const answers = createForest(numbers.size)
  const groups = createForest(numbers.size)
  for (const { a, b, isDuplicate } of sides) {
    join(groups, a, b)
    if (isDuplicate) join(answers, a, b)
  }
  const rootIn = (forest: Int32Array, text: string): number => {
    const number = numbers.get(text)
    return number === undefined ? -1 : rootOf(forest, number)
  }
  return { answerOf: (text) => rootIn(answers, text), groupOf: (text) => rootIn(groups, text) }
}

function createForest(size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, at) => at)
}

function rootOf(forest: Int32Array, member: number): number {
  let root = member
  for (let parent = forest[root] ?? root; parent !== root; parent = forest[root] ?? root) {
    forest[root] = forest[parent] ?? parent
    root = parent
  }
  return root
}

function join(forest: Int32Array, one: number, other: number): void {
  forest[rootOf(forest, one)] = rootOf(forest, other)
}
