/** What the exact tools cost a request that none of them answers: every request of a node pays it. */
import { answerDeterministically } from '../../../src/core/tools/answer-deterministically.ts'
import { type Bench, type BenchRow, median, roundFigure } from '../bench.ts'

const FILLER = 'the model that answers many questions about history with care while others prefer short replies '

/** Openings that begin like a tool's question, so that the recognisers have to look. */
const OPENINGS = [
  'What is the best way to explain ',
  'How many people live in ',
  'Extract the names from this text: ',
  'Write an essay on ',
  'Convert this to a poem:\n',
]

const CALLS = 2000
const REPEATS = 9
const LIMIT_US = 5

export const bench: Bench = async ({ isQuick }) => {
  const rows: BenchRow[] = []
  for (const opening of OPENINGS) {
    const prompt = (opening + FILLER.repeat(12)).slice(0, 1024)
    if (answerDeterministically(prompt) !== undefined) throw new Error(`A tool answered ${JSON.stringify(opening)}`)
    const samples = Array.from({ length: isQuick ? 1 : REPEATS }, () => microsecondsPerCall(prompt))
    rows.push({
      case: `decline 1 kB: ${opening.trim()}`,
      unit: 'us',
      better: 'lower',
      ours: roundFigure(median(samples)),
      peers: {},
      limit: LIMIT_US,
      note: '',
    })
  }
  return { rows, skipped: [] }
}

function microsecondsPerCall(prompt: string): number {
  const startedMs = performance.now()
  for (let call = 0; call < CALLS; call += 1) answerDeterministically(prompt)
  return ((performance.now() - startedMs) * 1000) / CALLS
}
