import { compileLinearRegex } from '../text/linear-regex-program.ts'
import { hasMatch } from '../text/linear-regex.ts'

/** Outcome of validating a value: `unsupported` when a keyword of the schema cannot be judged. */
export type SchemaOutcome =
  | { readonly kind: 'valid' }
  | {
      readonly kind: 'invalid'
      /** JSON Pointer of the value at fault. */ readonly path: string
      readonly problem: string
    }
  | { readonly kind: 'unsupported'; readonly keyword: string }

type SchemaObject = Readonly<Record<string, unknown>>

/** Keywords that say nothing about validity. `format` is an annotation by default (JSON Schema 2020-12, 7.2.1). */
const ANNOTATIONS = new Set([
  '$schema',
  '$id',
  '$anchor',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'format',
  'contentEncoding',
  'contentMediaType',
  'strict',
  'name',
])

/** Most schema applications for one value: a bound on `$ref` cycles and on exponential `anyOf` nests. */
const APPLICATIONS_MAX = 100_000
const DEPTH_MAX = 100

/** Thrown and caught in this file only: validity cannot be told. */
class Undecidable extends Error {}

type Problem = { readonly path: string; readonly problem: string }

/** Counts schema applications over the whole validation. */
type Run = { readonly root: unknown; applications: number }

/** One schema applied at one place of the value. */
type Scope = { readonly run: Run; readonly schema: unknown; readonly path: string; readonly depth: number }

/**
 * Validates a JSON value against the part of JSON Schema (2020-12) that structured output uses: `type enum const`,
 * `properties required additionalProperties patternProperties propertyNames minProperties maxProperties`, `items
 * prefixItems minItems maxItems uniqueItems`, `minLength maxLength pattern`, `minimum maximum exclusiveMinimum
 * exclusiveMaximum multipleOf`, `anyOf oneOf allOf not`, `$ref` within the document. Any other keyword, a pattern outside
 * the linear subset, or a schema that is neither object nor boolean makes it `unsupported`: never a guess.
 */
export function checkJsonSchema(schema: unknown, value: unknown): SchemaOutcome {
  try {
    const problem = validate({ run: { root: schema, applications: 0 }, schema, path: '', depth: 0 }, value)
    return problem === undefined ? { kind: 'valid' } : { kind: 'invalid', ...problem }
  } catch (error: unknown) {
    if (error instanceof Undecidable) return { kind: 'unsupported', keyword: error.message }
    throw error
  }
}

function validate(scope: Scope, value: unknown): Problem | undefined {
  const { run, schema } = scope
  run.applications += 1
  if (run.applications > APPLICATIONS_MAX || scope.depth > DEPTH_MAX) throw new Undecidable('too deep or too large')
  if (schema === true) return undefined
  if (schema === false) return fault(scope, 'nothing is allowed here')
  if (!isPlainObject(schema)) throw new Undecidable('a schema that is not an object')
  for (const [keyword, given] of Object.entries(schema)) {
    if (ANNOTATIONS.has(keyword)) continue
    const validator = VALIDATORS.get(keyword)
    if (validator === undefined) throw new Undecidable(keyword)
    const problem = validator(given, value, scope)
    if (problem !== undefined) return problem
  }
  return undefined
}

function fault({ path }: Scope, problem: string): Problem {
  return { path, problem }
}

/** The scope of a subschema, at the same place or at a member of it. */
function within(scope: Scope, schema: unknown, member?: string | number): Scope {
  const pointer = member === undefined ? '' : `/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`
  return { run: scope.run, schema, path: scope.path + pointer, depth: scope.depth + 1 }
}

function isPlainObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

type Validator = (given: unknown, value: unknown, scope: Scope) => Problem | undefined

const TYPE_TESTS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => typeof value === 'number' && Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: (value) => Array.isArray(value),
  object: isPlainObject,
}

function checkType(given: unknown, value: unknown, scope: Scope): Problem | undefined {
  const names: readonly unknown[] = Array.isArray(given) ? given : [given]
  const holds = names.some((name) => {
    const test = typeof name === 'string' && Object.hasOwn(TYPE_TESTS, name) ? TYPE_TESTS[name] : undefined
    if (test === undefined) throw new Undecidable(`type ${JSON.stringify(name)}`)
    return test(value)
  })
  return holds ? undefined : fault(scope, `not of type ${names.join(' or ')}`)
}

/** Deep equality of JSON values; the order of members does not matter. */
function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index]))
  if (!isPlainObject(a) || !isPlainObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]))
}

function checkEnum(given: unknown, value: unknown, scope: Scope): Problem | undefined {
  if (!Array.isArray(given)) throw new Undecidable('enum')
  return given.some((allowed) => isEqual(allowed, value)) ? undefined : fault(scope, 'not one of the allowed values')
}

/** A validator that compares a measure of values of one type with a number of the schema. */
function bounded(
  measure: (value: unknown) => number | undefined,
  holds: (measured: number, bound: number) => boolean,
  problem: string,
): Validator {
  return (given, value, scope) => {
    if (typeof given !== 'number' || !Number.isFinite(given)) throw new Undecidable('a bound that is not a number')
    const measured = measure(value)
    return measured === undefined || holds(measured, given) ? undefined : fault(scope, `${problem} ${given}`)
  }
}

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
/** Length in code points, as the standard counts. */
const lengthOf = (value: unknown): number | undefined =>
  typeof value === 'string' ? Array.from(value).length : undefined
const sizeOf = (value: unknown): number | undefined => (Array.isArray(value) ? value.length : undefined)
const widthOf = (value: unknown): number | undefined => (isPlainObject(value) ? Object.keys(value).length : undefined)
const atLeast = (measured: number, bound: number): boolean => measured >= bound
const atMost = (measured: number, bound: number): boolean => measured <= bound

/** Whole quotients only up to the rounding of doubles, as 0.3 is no exact multiple of 0.1 in them. */
function isMultiple(measured: number, step: number): boolean {
  if (step <= 0) throw new Undecidable('multipleOf')
  const quotient = measured / step
  return Math.abs(quotient - Math.round(quotient)) <= 1e-9 * Math.abs(quotient)
}

function matchesPattern(pattern: unknown, text: string): boolean {
  const regex = typeof pattern === 'string' ? compileLinearRegex(pattern) : undefined
  const found = regex === undefined ? undefined : hasMatch(regex, text)
  if (found === undefined) throw new Undecidable('pattern')
  return found
}

function checkPattern(given: unknown, value: unknown, scope: Scope): Problem | undefined {
  if (typeof value !== 'string') return undefined
  return matchesPattern(given, value) ? undefined : fault(scope, 'the pattern is not matched')
}

function checkRequired(given: unknown, value: unknown, scope: Scope): Problem | undefined {
  if (!Array.isArray(given)) throw new Undecidable('required')
  if (!isPlainObject(value)) return undefined
  const missing: unknown = given.find((name) => {
    if (typeof name !== 'string') throw new Undecidable('required')
    return !Object.hasOwn(value, name)
  })
  return missing === undefined ? undefined : fault(scope, `${JSON.stringify(missing)} is missing`)
}

/** `properties`, `patternProperties` and `additionalProperties` judge each member together; each keyword present runs it. */
function checkMembers(_given: unknown, value: unknown, scope: Scope): Problem | undefined {
  if (!isPlainObject(value) || !isPlainObject(scope.schema)) return undefined
  const { properties = {}, patternProperties = {}, additionalProperties = true } = scope.schema
  if (!isPlainObject(properties) || !isPlainObject(patternProperties)) throw new Undecidable('properties')
  for (const [name, member] of Object.entries(value)) {
    const schemas = Object.hasOwn(properties, name) ? [properties[name]] : []
    for (const [pattern, schema] of Object.entries(patternProperties))
      if (matchesPattern(pattern, name)) schemas.push(schema)
    if (schemas.length === 0) {
      if (additionalProperties === false) return fault(scope, `${JSON.stringify(name)} is not allowed`)
      schemas.push(additionalProperties)
    }
    for (const schema of schemas) {
      const problem = validate(within(scope, schema, name), member)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

function checkPropertyNames(given: unknown, value: unknown, scope: Scope): Problem | undefined {
  if (!isPlainObject(value)) return undefined
  return firstProblem(Object.keys(value), (name) => validate(within(scope, given, name), name))
}

/** `items` applies to what `prefixItems` leaves over. */
function checkItems(given: unknown, value: unknown, scope: Scope): Problem | undefined {
  if (!Array.isArray(value)) return undefined
  // An array here is the tuple form of older drafts, which 2020-12 calls `prefixItems`.
  if (Array.isArray(given)) return checkPrefixItems(given, value, scope)
  const prefix = isPlainObject(scope.schema) ? scope.schema['prefixItems'] : undefined
  const from = Array.isArray(prefix) ? prefix.length : 0
  return firstProblem([...value.entries()].slice(from), ([index, item]) => validate(within(scope, given, index), item))
}

function checkPrefixItems(given: unknown, value: unknown, scope: Scope): Problem | undefined {
  if (!Array.isArray(given)) throw new Undecidable('prefixItems')
  if (!Array.isArray(value)) return undefined
  const entries = [...value.entries()].slice(0, given.length)
  return firstProblem(entries, ([index, item]) => validate(within(scope, given[index], index), item))
}

function firstProblem<Item>(items: readonly Item[], check: (item: Item) => Problem | undefined): Problem | undefined {
  for (const item of items) {
    const problem = check(item)
    if (problem !== undefined) return problem
  }
  return undefined
}

const UNIQUE_ITEMS_MAX = 1000

function checkUnique(given: unknown, value: unknown, scope: Scope): Problem | undefined {
  if (given !== true || !Array.isArray(value)) return undefined
  if (value.length > UNIQUE_ITEMS_MAX) throw new Undecidable('uniqueItems')
  const hasRepeat = value.some((item, index) => value.slice(0, index).some((earlier) => isEqual(earlier, item)))
  return hasRepeat ? fault(scope, 'an item is repeated') : undefined
}

function matchingCount(given: unknown, value: unknown, scope: Scope): number {
  if (!Array.isArray(given) || given.length === 0) throw new Undecidable('anyOf, oneOf or allOf')
  return given.filter((schema) => validate(within(scope, schema), value) === undefined).length
}

function checkAllOf(given: unknown, value: unknown, scope: Scope): Problem | undefined {
  if (!Array.isArray(given)) throw new Undecidable('allOf')
  return firstProblem<unknown>(given, (schema) => validate(within(scope, schema), value))
}

function checkReference(given: unknown, value: unknown, scope: Scope): Problem | undefined {
  return validate(within(scope, resolvePointer(given, scope.run.root)), value)
}

/** A reference within the document: `#` or `#/$defs/name`. */
function resolvePointer(reference: unknown, root: unknown): unknown {
  if (typeof reference !== 'string' || !/^#(?:\/|$)/.test(reference)) throw new Undecidable('$ref')
  let node = root
  for (const segment of reference.split('/').slice(1)) {
    const name = segment.replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(node)) node = node[Number(name)]
    else if (isPlainObject(node) && Object.hasOwn(node, name)) node = node[name]
    else throw new Undecidable('$ref')
  }
  return node
}

const VALIDATORS: ReadonlyMap<string, Validator> = new Map<string, Validator>([
  ['type', checkType],
  ['enum', checkEnum],
  ['const', (given, value, scope) => (isEqual(given, value) ? undefined : fault(scope, 'not the one allowed value'))],
  ['minimum', bounded(numberOf, atLeast, 'below')],
  ['maximum', bounded(numberOf, atMost, 'above')],
  ['exclusiveMinimum', bounded(numberOf, (measured, bound) => measured > bound, 'not above')],
  ['exclusiveMaximum', bounded(numberOf, (measured, bound) => measured < bound, 'not below')],
  ['multipleOf', bounded(numberOf, isMultiple, 'not a multiple of')],
  ['minLength', bounded(lengthOf, atLeast, 'shorter than')],
  ['maxLength', bounded(lengthOf, atMost, 'longer than')],
  ['pattern', checkPattern],
  ['minItems', bounded(sizeOf, atLeast, 'fewer items than')],
  ['maxItems', bounded(sizeOf, atMost, 'more items than')],
  ['uniqueItems', checkUnique],
  ['items', checkItems],
  ['prefixItems', checkPrefixItems],
  ['minProperties', bounded(widthOf, atLeast, 'fewer members than')],
  ['maxProperties', bounded(widthOf, atMost, 'more members than')],
  ['required', checkRequired],
  ['properties', checkMembers],
  ['patternProperties', checkMembers],
  ['additionalProperties', checkMembers],
  ['propertyNames', checkPropertyNames],
  ['allOf', checkAllOf],
  [
    'anyOf',
    (given, value, scope) =>
      matchingCount(given, value, scope) > 0 ? undefined : fault(scope, 'no alternative is met'),
  ],
  [
    'oneOf',
    (given, value, scope) =>
      matchingCount(given, value, scope) === 1 ? undefined : fault(scope, 'not exactly one alternative is met'),
  ],
  [
    'not',
    (given, value, scope) =>
      validate(within(scope, given), value) === undefined ? fault(scope, 'an excluded schema is met') : undefined,
  ],
  ['$ref', checkReference],
])
