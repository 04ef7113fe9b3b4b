import { isIpldList, isIpldNumber, type IpldValue } from './ipld-value.ts'
import { type CapabilityRefused, refuseCapability } from './capability-refusals.ts'
import { parseSelector, type Selector } from './selector.ts'

/** Statements of one policy, nested ones included. */
export const STATEMENTS_MAX = 128
/** Statements in one another. */
export const STATEMENT_DEPTH_MAX = 8
/** UTF-16 units of a pattern. */
export const PATTERN_LENGTH_MAX = 256

export type Comparison = '<' | '<=' | '>' | '>='

/** A sentence about arguments (UCAN 1.0 delegation, "Policy"). */
export type Statement =
  | { readonly kind: 'equal'; readonly isNegated: boolean; readonly selector: Selector; readonly value: IpldValue }
  | {
      readonly kind: 'compare'
      readonly operator: Comparison
      readonly selector: Selector
      readonly value: number | bigint
    }
  /** Literal pieces between wildcards: `a*b` is `['a', 'b']`. */
  | { readonly kind: 'like'; readonly selector: Selector; readonly pieces: readonly string[] }
  | { readonly kind: 'and' | 'or'; readonly statements: readonly Statement[] }
  | { readonly kind: 'not'; readonly statement: Statement }
  | { readonly kind: 'all' | 'any'; readonly selector: Selector; readonly statement: Statement }

/** Statements that must all be true. */
export type Policy = readonly Statement[]

export type PolicyReading = { readonly kind: 'policy'; readonly policy: Policy } | CapabilityRefused

type Reader = { left: number; isSelectorWrong: boolean }

/** Reads a policy; refuses `CAPABILITY_POLICY_MALFORMED`, `CAPABILITY_SELECTOR_MALFORMED`. */
export function parsePolicy(value: IpldValue): PolicyReading {
  const reader: Reader = { left: STATEMENTS_MAX, isSelectorWrong: false }
  const policy = readStatements(value, 0, reader)
  if (policy !== undefined) return { kind: 'policy', policy }
  return refuseCapability(reader.isSelectorWrong ? 'CAPABILITY_SELECTOR_MALFORMED' : 'CAPABILITY_POLICY_MALFORMED')
}

function readStatements(value: IpldValue, depth: number, reader: Reader): readonly Statement[] | undefined {
  if (!isIpldList(value)) return undefined
  const statements: Statement[] = []
  for (const item of value) {
    const statement = readStatement(item, depth, reader)
    if (statement === undefined) return undefined
    statements.push(statement)
  }
  return statements
}

function readStatement(value: IpldValue, depth: number, reader: Reader): Statement | undefined {
  reader.left -= 1
  if (reader.left < 0 || depth >= STATEMENT_DEPTH_MAX || !isIpldList(value)) return undefined
  const [operator, second, third] = value
  if (second === undefined) return undefined
  if (value.length === 2) return readConnective({ operator, argument: second }, depth, reader)
  if (value.length !== 3 || typeof second !== 'string' || third === undefined) return undefined
  const selector = parseSelector(second)
  if (selector === undefined) {
    reader.isSelectorWrong = true
    return undefined
  }
  switch (operator) {
    case '==':
    case '!=':
      return { kind: 'equal', isNegated: operator === '!=', selector, value: third }
    case '<':
    case '<=':
    case '>':
    case '>=':
      return isIpldNumber(third) ? { kind: 'compare', operator, selector, value: third } : undefined
    case 'like':
      return typeof third === 'string' && third.length <= PATTERN_LENGTH_MAX
        ? { kind: 'like', selector, pieces: piecesOf(third) }
        : undefined
    case 'all':
    case 'any': {
      const statement = readStatement(third, depth + 1, reader)
      return statement === undefined ? undefined : { kind: operator, selector, statement }
    }
    default:
      return undefined
  }
}

type Connective = { readonly operator: IpldValue | undefined; readonly argument: IpldValue }

function readConnective({ operator, argument }: Connective, depth: number, reader: Reader): Statement | undefined {
  if (operator === 'not') {
    const statement = readStatement(argument, depth + 1, reader)
    return statement === undefined ? undefined : { kind: 'not', statement }
  }
  if (operator !== 'and' && operator !== 'or') return undefined
  const statements = readStatements(argument, depth + 1, reader)
  return statements === undefined ? undefined : { kind: operator, statements }
}

/** Splits at wildcards; `\*` is the character itself. */
function piecesOf(pattern: string): readonly string[] {
  const pieces: string[] = []
  let piece = ''
  for (let at = 0; at < pattern.length; at += 1) {
    if (pattern.startsWith('\\*', at)) {
      piece += '*'
      at += 1
    } else if (pattern.charAt(at) === '*') {
      pieces.push(piece)
      piece = ''
    } else piece += pattern.charAt(at)
  }
  return [...pieces, piece]
}
