/** Rules about the text of sources, one line at a time; each is tested with planted examples in `text-rules.test.ts`. */

/** Rules of the linter that a line may switch off; all others hold everywhere. */
const MAY_BE_SILENCED = ['no-control-regex', 'no-console']

const OPEN_WORK = /\b(?:fixme|hack|xxx)\b|\btodo\b(?!: when .+, .+)/i
/** Capitals by themselves are Roman numerals as well: three of the letter count in comments only. */
const COMMENT = /\/\/|\/\*|^\s*\*/

/** Whether a line leaves work behind without saying under which condition it is done. */
export function leavesWorkOpen(line: string): boolean {
  const from = COMMENT.exec(line)?.index
  return from !== undefined && OPEN_WORK.test(line.slice(from))
}

/** Rules that a line switches off without a reason, or that nobody may switch off. */
export function wronglySilenced(line: string): readonly string[] {
  const match = /(?:eslint|oxlint)-disable(?:-next-line|-line)?\b(.*)/.exec(line)
  if (match === null) return []
  const [names = '', reason] = (match[1] ?? '').split(' -- ')
  const rules = names.split(',').map((name) => name.replace(/\*\/.*/, '').trim())
  if (reason === undefined || reason.trim() === '') return rules
  return rules.filter((name) => !MAY_BE_SILENCED.includes(name))
}

/** Whether a line of a test skips for good, or focuses, so that others do not run. */
export function skipsForGood(line: string): boolean {
  const chained = /\b(?:it|test|describe|suite|bench)(?:\.\w+)*\.(?:only|skip|todo|fails)\b/
  const constant = /\.(?:skipIf|runIf)\(\s*!*(?:true|false|0|1)\s*\)/
  return chained.test(line) || constant.test(line) || /^\s*x(?:it|test|describe)\(/.test(line)
}

/** Sources that are tables or tests, which read differently from logic and may be longer. */
export function isTableOrTest(file: string): boolean {
  return /^test\/|^src\/core\/(?:policy\/lexicon|tools\/unit-table)\.ts$/.test(file)
}
