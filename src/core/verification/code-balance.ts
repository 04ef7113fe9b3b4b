import { readFencedBlocks } from '../text/fenced-blocks.ts'

const PYTHON = new Set(['python', 'py'])
const SCRIPT = new Set(['javascript', 'js', 'typescript', 'ts'])

/** A problem in words, `undefined` for none, `UNJUDGED` where a lexical look cannot tell. */
type Imbalance = string | undefined

const UNJUDGED = 'not judged'

export type CodeCheck = { readonly passed: boolean; readonly detail: string }

/** Longest code block that is scanned, in code units. */
const BLOCK_LENGTH_MAX = 100_000

/**
 * Whether the fenced code blocks of an answer can be complete: JSON parses, and in JavaScript, TypeScript and Python every
 * bracket, string and comment closes. Lexical only: it finds cut-off and mangled code, not wrong code. `undefined` when no
 * block can be judged.
 */
export function checkCodeBlocks(answer: string): CodeCheck | undefined {
  let judgedCount = 0
  for (const { language, content } of readFencedBlocks(answer).blocks) {
    const problem = content.length > BLOCK_LENGTH_MAX ? UNJUDGED : findProblem(language, content)
    if (problem === UNJUDGED) continue
    judgedCount += 1
    if (problem !== undefined) return { passed: false, detail: `${problem} in code block ${judgedCount}` }
  }
  return judgedCount === 0 ? undefined : { passed: true, detail: `${judgedCount} code blocks are balanced` }
}

function findProblem(language: string, code: string): Imbalance {
  if (language === 'json') return findJsonProblem(code)
  if (PYTHON.has(language)) return findImbalance(code, stepPython)
  return SCRIPT.has(language) ? findImbalance(code, stepScript) : UNJUDGED
}

/** Blocks with comments or an ellipsis show a shape rather than a document. */
function findJsonProblem(code: string): Imbalance {
  try {
    JSON.parse(code)
    return undefined
  } catch {
    return /\.\.\.|…|\/\/|\/\*|<[a-z]/i.test(code) || /^\s*\{[\s\S]*\}\s*\{/.test(code) ? UNJUDGED : 'invalid JSON'
  }
}

const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

/** Where a scan stands: open brackets, and how many of them each open template literal started at. */
type Scan = { readonly code: string; readonly stack: string[]; at: number }

function findImbalance(code: string, step: (scan: Scan) => Imbalance): Imbalance {
  const scan: Scan = { code, stack: [], at: 0 }
  while (scan.at < code.length) {
    const outcome = step(scan)
    if (outcome !== undefined) return outcome
  }
  return scan.stack.length === 0 ? undefined : `${scan.stack.length} open brackets`
}

function stepPython(scan: Scan): string | undefined {
  const { code, at } = scan
  const character = code[at] ?? ''
  if (character === '#') return skipTo(scan, endOfLine(code, at))
  if (code.startsWith('"""', at) || code.startsWith("'''", at)) {
    const end = code.indexOf(code.slice(at, at + 3), at + 3)
    return end < 0 ? 'an open string' : skipTo(scan, end + 3)
  }
  if (character === '"' || character === "'") return skipString(scan, character)
  return stepBracket(scan)
}

function stepScript(scan: Scan): string | undefined {
  const { code, at } = scan
  const character = code[at] ?? ''
  if (code.startsWith('//', at)) return skipTo(scan, endOfLine(code, at))
  if (code.startsWith('/*', at)) {
    const end = code.indexOf('*/', at + 2)
    return end < 0 ? 'an open comment' : skipTo(scan, end + 2)
  }
  // After an operator or opening bracket a slash starts a regular expression, whose brackets need not balance.
  if (character === '/' && /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\breturn)\s*$/.test(code.slice(Math.max(0, at - 40), at)))
    return UNJUDGED
  if (character === '<' && /^<\/?[A-Za-z]+[\s/>]/.test(code.slice(at, at + 40)) && /[(=>\s]/.test(code[at - 1] ?? ''))
    return UNJUDGED
  if (character === '`' || (character === '}' && scan.stack.at(-1) === '${')) return skipTemplate(scan)
  if (character === '"' || character === "'") return skipString(scan, character)
  return stepBracket(scan)
}

function stepBracket(scan: Scan): string | undefined {
  const character = scan.code[scan.at] ?? ''
  scan.at += 1
  const closer = CLOSERS[character]
  if (closer !== undefined) scan.stack.push(closer)
  else if (character === ')' || character === ']' || character === '}') {
    if (scan.stack.pop() !== character) return `an unexpected ${character}`
  }
  return undefined
}

function skipTo(scan: Scan, at: number): undefined {
  scan.at = at
  return undefined
}

function endOfLine(code: string, at: number): number {
  const end = code.indexOf('\n', at)
  return end < 0 ? code.length : end
}

function skipString(scan: Scan, quote: string): string | undefined {
  for (let at = scan.at + 1; at < scan.code.length; at++) {
    const character = scan.code[at]
    if (character === '\\') at += 1
    else if (character === quote) return skipTo(scan, at + 1)
    else if (character === '\n') break
  }
  return 'an open string'
}

/** From a backtick, or from the brace that ends a substitution, to the end of the literal or the next substitution. */
function skipTemplate(scan: Scan): string | undefined {
  if (scan.code[scan.at] === '}') scan.stack.pop()
  for (let at = scan.at + 1; at < scan.code.length; at++) {
    if (scan.code[at] === '\\') at += 1
    else if (scan.code[at] === '`') return skipTo(scan, at + 1)
    else if (scan.code.startsWith('${', at)) {
      scan.stack.push('${')
      return skipTo(scan, at + 2)
    }
  }
  return 'an open template'
}
