/**
 * Rights as statements of a capability's policy. Each member is one statement of a fixed form about the arguments of an order, so that whoever knows the policy
 * language alone comes to the same verdict (`test/core/rights` holds the two together), and so that a link can be compared with the one above it.
 */
import type { IpldValue } from '../capability/ipld-value.ts'
import type { Policy, Statement } from '../capability/policy.ts'
import type { Selector } from '../capability/selector.ts'
import { ISOLATION_TIERS } from '../sandbox/isolation.ts'
import type { Names } from './names-of-rights.ts'
import { limitNames, type StatedRights } from './rights.ts'

/** No name is this one: what allows it alone allows nothing. */
const NO_NAME = ''

/** What is stated, in the form in which delegations are made. `read` does not name again what may be written. */
export function statementsOfRights(stated: StatedRights): readonly IpldValue[] {
  const { codes, isolation, limits = {}, hosts, environment, read, write, allowEmulation } = stated
  const statements: IpldValue[] = []
  if (codes !== undefined && codes !== 'any') statements.push(oneOf('.code', codes, wordTest))
  if (isolation !== undefined) statements.push(['>=', '.isolation', ISOLATION_TIERS.indexOf(isolation) + 1])
  for (const name of limitNames()) {
    const limit = limits[name]
    if (limit !== undefined) statements.push(['<=', `.limits.${name}`, limit])
  }
  if (hosts !== undefined && hosts !== 'any') statements.push(allOf('.hosts', hosts, hostTest))
  if (environment !== undefined && environment !== 'any') statements.push(allOf('.environment', environment, wordTest))
  if (read !== undefined && read !== 'any' && write !== 'any')
    statements.push(allOf('.read', [...read, ...(write ?? [])], pathTest))
  if (write !== undefined && write !== 'any') statements.push(allOf('.write', write, pathTest))
  if (allowEmulation === false) statements.push(['==', '.allowEmulation', false])
  return statements
}

type Test = (selector: string, name: string) => readonly IpldValue[]

function allOf(selector: string, names: readonly string[], test: Test): IpldValue {
  return ['all', selector, oneOf('.', names, test)]
}

/** An empty `or` is true in the policy language. */
function oneOf(selector: string, names: readonly string[], test: Test): IpldValue {
  return ['or', names.length === 0 ? wordTest(selector, NO_NAME) : names.flatMap((name) => test(selector, name))]
}

function wordTest(selector: string, name: string): readonly IpldValue[] {
  return [['==', selector, name]]
}

function hostTest(selector: string, name: string): readonly IpldValue[] {
  return [name.startsWith('*.') ? ['like', selector, name] : ['==', selector, name]]
}

function pathTest(selector: string, path: string): readonly IpldValue[] {
  const below = path === '/' ? '/*' : `${path.replaceAll('*', String.raw`\*`)}/*`
  return [
    ['==', selector, path],
    ['like', selector, below],
  ]
}

/** What the statements of one delegation say of rights. Statements of other forms bind all the same, and say nothing here. */
export function rightsOfPolicy(policy: Policy): StatedRights {
  return policy.reduce<StatedRights>((stated, statement) => mergeStated(stated, readStatement(statement)), {})
}

/** Two statements about one member: the later one of a kind counts in this comparison, and both bind. */
function mergeStated(stated: StatedRights, next: StatedRights): StatedRights {
  const limits = { ...stated.limits }
  for (const name of limitNames()) {
    const limit = next.limits?.[name]
    if (limit !== undefined) limits[name] = Math.min(limit, limits[name] ?? limit)
  }
  return { ...stated, ...next, ...(Object.keys(limits).length > 0 && { limits }) }
}

function readStatement(statement: Statement): StatedRights {
  switch (statement.kind) {
    case 'compare':
      return readComparison(statement)
    case 'equal': {
      const isFalse = pathOf(statement.selector) === 'allowEmulation' && statement.value === false
      return isFalse && !statement.isNegated ? { allowEmulation: false } : {}
    }
    case 'all': {
      const member = pathOf(statement.selector)
      const names = namesOf(statement.statement, '')
      if (names === undefined) return {}
      if (member === 'hosts' || member === 'environment' || member === 'read' || member === 'write')
        return { [member]: names }
      return {}
    }
    case 'or': {
      const names = namesOf(statement, 'code')
      return names === undefined ? {} : { codes: names }
    }
    default:
      return {}
  }
}

function readComparison({ operator, selector, value }: Extract<Statement, { kind: 'compare' }>): StatedRights {
  const [first, second, third] = selector
  if (typeof value !== 'number' || first?.kind !== 'field' || third !== undefined) return {}
  if (operator === '>=' && first.name === 'isolation' && second === undefined) {
    const isolation = ISOLATION_TIERS[value - 1]
    return isolation === undefined ? {} : { isolation }
  }
  const limit = limitNames().find((name) => first.name === 'limits' && second?.kind === 'field' && second.name === name)
  return operator === '<=' && limit !== undefined ? { limits: { [limit]: value } } : {}
}

/** The names that an `or` of a fixed form allows; `undefined` for any other statement. */
function namesOf(statement: Statement, selector: string): Names | undefined {
  if (statement.kind !== 'or' || statement.statements.length === 0) return undefined
  const names = new Set<string>()
  for (const test of statement.statements) {
    if (!('selector' in test) || pathOf(test.selector) !== selector) return undefined
    const name = nameOf(test)
    if (name === undefined) return undefined
    if (name !== NO_NAME) names.add(name)
  }
  return [...names]
}

function nameOf(test: Statement): string | undefined {
  if (test.kind === 'equal') return !test.isNegated && typeof test.value === 'string' ? test.value : undefined
  if (test.kind !== 'like' || test.pieces.length !== 2) return undefined
  const [before = '', after = ''] = test.pieces
  // A wildcard at the beginning is one of hosts, at the end the part of a path that follows its folder.
  if (before === '' && after.startsWith('.')) return `*${after}`
  return after === '' && before.endsWith('/') ? before.slice(0, -1) || '/' : undefined
}

function pathOf(selector: Selector): string | undefined {
  const [first, second] = selector
  if (first === undefined) return ''
  return first.kind === 'field' && second === undefined ? first.name : undefined
}
