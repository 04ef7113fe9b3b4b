/** Words of a field's name that say that it holds what came of a task. */
const OUTCOME_WORDS: ReadonlySet<string> = new Set(
  (
    'success succeeded successful failed failure passed cost costs usd spent spend latency duration elapsed runtime ' +
    'answer answers response responses output outputs completion reply generated result results outcome outcomes verdict ' +
    'verifier verified accepted rejected reward label labels optimal penalty severity escalated escalation fallback feedback thumbs rating actual'
  ).split(' '),
)

/** Pairs of words that say it together. */
const OUTCOME_PAIRS: readonly (readonly [string, string])[] = [
  ['tokens', 'out'],
  ['tokens', 'total'],
  ['total', 'tokens'],
  ['model', 'used'],
  ['tier', 'used'],
  ['route', 'used'],
  ['final', 'route'],
  ['error', 'type'],
  ['was', 'cached'],
  ['is', 'correct'],
]

/** Such a name is of a guess or a bound, which was there before: `expected_cost_usd`, `max_output_tokens`. Its values are looked at all the same. */
const BEFOREHAND: ReadonlySet<string> = new Set(
  'expected predicted estimated planned requested allowed max min limit budget target prior history previous'.split(
    ' ',
  ),
)

/** Whether a field's name alone says that it holds an outcome. */
export function isOutcomeName(path: string): boolean {
  const words = wordsOf(path)
  if (words.some((word) => BEFOREHAND.has(word))) return false
  if (words.some((word) => OUTCOME_WORDS.has(word))) return true
  return OUTCOME_PAIRS.some(([first, second]) => words.some((word, at) => word === first && words[at + 1] === second))
}

/** Whether a field's name says that it was guessed or set before. */
export function isBeforehandName(path: string): boolean {
  return wordsOf(path).some((word) => BEFOREHAND.has(word))
}

/** `tokensOut`, `tokens_out` and `TOKENS-OUT` are the same two words. */
function wordsOf(path: string): readonly string[] {
  return path
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
}
