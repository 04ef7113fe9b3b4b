import { assertNever } from '../../base/assert.ts'
import { IpldLink, isIpldList, isIpldMap, isIpldNumber, type IpldValue, memberOf } from './ipld-value.ts'
import type { Comparison, Policy, Statement } from './policy.ts'
import { resolveSelector, valuesOf } from './selector.ts'

/** Steps that all policies of one question may take together: a value touched, a statement weighed, 64 UTF-16 units compared. */
export const POLICY_STEPS_MAX = 20_000

export type PolicyVerdict = 'met' | 'failed' | 'costly'

/** The purse of one question. Once empty, what is still weighed counts as false, and the verdict is `costly`. */
type Purse = { left: number }

/** Whether arguments meet every policy. What cannot be resolved or compared is false, never an exception. */
export function evaluatePolicies(
  policies: readonly Policy[],
  args: IpldValue,
  stepsMax: number = POLICY_STEPS_MAX,
): PolicyVerdict {
  const purse: Purse = { left: stepsMax }
  const isMet = policies.every((policy) => policy.every((statement) => isTrue(statement, args, purse)))
  if (purse.left < 0) return 'costly'
  return isMet ? 'met' : 'failed'
}

function isTrue(statement: Statement, value: IpldValue, purse: Purse): boolean {
  purse.left -= 1
  if (purse.left < 0) return false
  switch (statement.kind) {
    case 'and':
      return statement.statements.every((inner) => isTrue(inner, value, purse))
    case 'or':
      // Of nothing it is true, as the specification says.
      return statement.statements.length === 0 || statement.statements.some((inner) => isTrue(inner, value, purse))
    case 'not':
      return !isTrue(statement.statement, value, purse)
    case 'equal':
    case 'compare':
    case 'like':
    case 'all':
    case 'any':
      return isTrueAt(statement, value, purse)
    default:
      return assertNever(statement)
  }
}

type SelectingStatement = Extract<Statement, { selector: unknown }>

function isTrueAt(statement: SelectingStatement, value: IpldValue, purse: Purse): boolean {
  const found = resolveSelector(statement.selector, value, (steps) => {
    purse.left -= steps
  })
  if (found === undefined) {
    // `!=` is `not ==`, and an equality that cannot be resolved is false.
    return statement.kind === 'equal' && statement.isNegated
  }
  switch (statement.kind) {
    case 'equal':
      return isSame(found, statement.value, purse) !== statement.isNegated
    case 'compare':
      return isIpldNumber(found) && compares(statement.operator, found, statement.value)
    case 'like':
      return typeof found === 'string' && isLike(found, statement.pieces, purse)
    case 'all':
    case 'any':
      return isTrueOfItems(statement, found, purse)
    default:
      return assertNever(statement)
  }
}

type Quantifier = Extract<Statement, { kind: 'all' | 'any' }>

function isTrueOfItems({ kind, statement }: Quantifier, found: IpldValue, purse: Purse): boolean {
  const items = valuesOf(found)
  if (items === undefined) return false
  const holds = (item: IpldValue): boolean => isTrue(statement, item, purse)
  return kind === 'all' ? items.every(holds) : items.some(holds)
}

/** By value, whatever the numeric type: 1n is 1. */
function compares(operator: Comparison, left: number | bigint, right: number | bigint): boolean {
  switch (operator) {
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '>=':
      return left >= right
    default:
      return assertNever(operator)
  }
}

function isLike(text: string, pieces: readonly string[], purse: Purse): boolean {
  purse.left -= (text.length >> 6) * pieces.length + pieces.length
  if (purse.left < 0) return false
  const first = pieces[0] ?? ''
  if (pieces.length === 1) return text === first
  const last = pieces[pieces.length - 1] ?? ''
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  const end = text.length - last.length
  let at = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at)
    if (found < 0 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}

function isSame(left: IpldValue, right: IpldValue, purse: Purse): boolean {
  purse.left -= 1
  if (purse.left < 0) return false
  if (isIpldNumber(left) && isIpldNumber(right)) return compares('<=', left, right) && compares('>=', left, right)
  if (typeof left === 'string' && typeof right === 'string') {
    purse.left -= left.length >> 6
    return left === right
  }
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    purse.left -= left.length >> 6
    return left.length === right.length && left.every((byte, at) => byte === right[at])
  }
  if (left instanceof IpldLink) return right instanceof IpldLink && left.cid === right.cid
  if (isIpldList(left)) {
    if (!isIpldList(right) || left.length !== right.length) return false
    return left.every((item, at) => isSame(item, right[at] ?? null, purse))
  }
  if (!isIpldMap(left)) return left === right
  if (!isIpldMap(right)) return false
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every((key) => {
    const [mine, other] = [memberOf(left, key), memberOf(right, key)]
    return mine !== undefined && other !== undefined && isSame(mine, other, purse)
  })
}
