import { createRequire } from 'node:module'
import type { Ajv2020 as Ajv, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import { CodedError } from '../../base/errors.ts'
import schema from '../../../protocol/config.schema.json' with { type: 'json' }
import type { ConfigDocument } from './config-document.ts'
import { nearestName } from './nearest-name.ts'

/** Where a value came from, for the message: a file with the line of a path, or the environment. */
export type ConfigOrigin = {
  readonly name: string
  /** Line of the value at `path`, counted from 1; `undefined` when there are no lines. */
  lineOf(path: readonly string[]): number | undefined
}

/**
 * Checks a parsed document against `protocol/config.schema.json`.
 *
 * Throws `CONFIG_INVALID` with the key, the line and, for an unknown key, the nearest valid one (`details.key`, `.line`, `.nearest`).
 */
export function checkConfigDocument(value: unknown, origin: ConfigOrigin): ConfigDocument {
  if (isObject(value) && checkOf(Object.keys(value))(value)) return value
  throw toCodedError(faultIn(value), origin)
}

const SECTIONS: Readonly<Record<string, unknown>> = schema.properties

/** Checks that were made in this process, by the sections that they know. */
const checks = new Map<string, ValidateFunction<ConfigDocument>>()

/** Says nothing, which is allowed. */
const isDocument = (_empty: object): _empty is ConfigDocument => true

/** The check of a document with these keys. Every command starts with one, and one of all sections takes longer to make than most commands to run. */
function checkOf(keys: readonly string[]): (value: object) => value is ConfigDocument {
  if (keys.length === 0) return isDocument
  return checkOfSections(keys.filter((key) => Object.hasOwn(SECTIONS, key)).toSorted())
}

function checkOfSections(sections: readonly string[]): ValidateFunction<ConfigDocument> {
  const name = sections.join(' ')
  const check = checks.get(name) ?? compile(sections)
  checks.set(name, check)
  return check
}

/** Compiles the schema for documents with these sections; that it is one is for its test to say, not for every start. */
function compile(sections: readonly string[]): ValidateFunction<ConfigDocument> {
  // Only where there is something to check.
  const { Ajv2020 } = createRequire(import.meta.url)('ajv/dist/2020.js') as { Ajv2020: typeof Ajv }
  const ajv = new Ajv2020({ allErrors: true, verbose: true, strictRequired: false, validateSchema: false })
  const properties = Object.fromEntries(sections.map((name) => [name, SECTIONS[name]]))
  return ajv.compile<ConfigDocument>({ ...schema, properties })
}

/** What is wrong, told from the whole schema: which keys there are is part of the answer. */
function faultIn(value: unknown): ErrorObject | undefined {
  const check = checkOfSections(Object.keys(SECTIONS))
  check(value)
  return mostHelpful(check.errors ?? [])
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A misspelt key explains the rest, and a deeper fault says more than the branch that failed because of it. */
function mostHelpful(errors: readonly ErrorObject[]): ErrorObject | undefined {
  const unknownKey = errors.find((error) => error.keyword === 'additionalProperties')
  if (unknownKey !== undefined) return unknownKey
  // A branch of alternatives says only why it is not the other one.
  const ofBranch = (error: ErrorObject): boolean => /\/oneOf\/\d+\//.test(error.schemaPath)
  const concrete = errors.filter((error) => !ofBranch(error) && error.keyword !== 'propertyNames')
  return concrete.find((error) => error.keyword !== 'oneOf') ?? concrete[0] ?? errors[0]
}

function toCodedError(error: ErrorObject | undefined, origin: ConfigOrigin): CodedError {
  const path = (error?.instancePath ?? '')
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (error?.keyword === 'additionalProperties') return unknownKeyError(error, path, origin)
  const key = path.join('.')
  const line = origin.lineOf(path)
  const expected = describeExpectation(error)
  const subject = key === '' ? 'The configuration' : `\`${key}\``
  return new CodedError('CONFIG_INVALID', {
    message: `${subject} ${expected} (${origin.name}${line === undefined ? '' : `, line ${line}`}).`,
    details: { key, file: origin.name, ...(line !== undefined && { line }) },
  })
}

function unknownKeyError(error: ErrorObject, path: readonly string[], origin: ConfigOrigin): CodedError {
  const params: { additionalProperty?: unknown } = error.params
  const name = String(params.additionalProperty)
  const properties: unknown = error.parentSchema?.properties
  const known = Object.keys(typeof properties === 'object' && properties !== null ? properties : {}).filter(
    (property) => property !== '$schema',
  )
  const nearest = nearestName(name, known)
  const key = [...path, name].join('.')
  const line = origin.lineOf([...path, name])
  const hint =
    nearest === undefined ? `Valid here: ${known.join(', ')}.` : `Did you mean \`${[...path, nearest].join('.')}\`?`
  return new CodedError('CONFIG_INVALID', {
    message: `Unknown key \`${key}\` (${origin.name}${line === undefined ? '' : `, line ${line}`}). ${hint}`,
    details: { key, file: origin.name, ...(line !== undefined && { line }), ...(nearest !== undefined && { nearest }) },
  })
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  number: 'a number',
  string: 'text in quotes',
  boolean: 'true or false',
  array: 'a list, written [ ... ]',
  object: 'an object, written { ... }',
}

/** What should stand there, in the words of the schema's descriptions: a pattern or a keyword explains itself to nobody. */
function describeExpectation(error: ErrorObject | undefined): string {
  const params: Readonly<Record<string, unknown>> = error?.params ?? {}
  const limit = String(params.limit)
  switch (error?.keyword) {
    case 'enum':
      return `must be one of ${Array.isArray(params.allowedValues) ? params.allowedValues.join(', ') : 'a fixed list'}`
    case 'required':
      return `needs the key \`${String(params.missingProperty)}\``
    case 'type':
      return `must be ${TYPE_WORDS[String(params.type)] ?? String(params.type)}`
    case 'oneOf':
      return describeForm(error, 'needs exactly one of `sha256` and `keyEnv`')
    case 'pattern':
      return describeForm(error, 'is not written as it has to be')
    case 'minimum':
    case 'maximum':
      return `must be at ${error.keyword === 'minimum' ? 'least' : 'most'} ${limit}`
    case 'exclusiveMinimum':
      return `must be more than ${limit}`
    case 'minLength':
      return 'must not be empty'
    case 'minItems':
    case 'maxItems':
      return `must have at ${error.keyword === 'minItems' ? 'least' : 'most'} ${limit} entries`
    default:
      return 'is not valid'
  }
}

function describeForm(error: ErrorObject, otherwise: string): string {
  const description: unknown = error.parentSchema?.description
  if (typeof description !== 'string') return otherwise
  const what = `must be ${description.charAt(0).toLowerCase()}${description.slice(1).replace(/\.$/, '')}`
  return error.propertyName === undefined ? what : `has the name \`${error.propertyName}\`, which ${what}`
}
