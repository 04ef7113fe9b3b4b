import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
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

let validate: ValidateFunction<ConfigDocument> | undefined

/**
 * Checks a parsed document against `protocol/config.schema.json`.
 *
 * Throws `CONFIG_INVALID` with the key, the line and, for an unknown key, the nearest valid one (`details.key`, `.line`, `.nearest`).
 */
export function checkConfigDocument(value: unknown, origin: ConfigOrigin): ConfigDocument {
  validate ??= new Ajv2020({ allErrors: true, verbose: true, strictRequired: false }).compile<ConfigDocument>(schema)
  if (validate(value)) return value
  throw toCodedError(mostHelpful(validate.errors ?? []), origin)
}

/** A misspelt key explains the rest, and a deeper fault says more than the branch that failed because of it. */
function mostHelpful(errors: readonly ErrorObject[]): ErrorObject | undefined {
  const unknownKey = errors.find((error) => error.keyword === 'additionalProperties')
  if (unknownKey !== undefined) return unknownKey
  const concrete = errors.filter((error) => error.keyword !== 'oneOf' && error.keyword !== 'propertyNames')
  return concrete[0] ?? errors[0]
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

function describeExpectation(error: ErrorObject | undefined): string {
  const params: Readonly<Record<string, unknown>> = error?.params ?? {}
  switch (error?.keyword) {
    case 'enum':
      return `must be one of ${Array.isArray(params.allowedValues) ? params.allowedValues.join(', ') : 'a fixed list'}`
    case 'required':
      return `needs the key \`${String(params.missingProperty)}\``
    case 'type':
      return `must be of type ${Array.isArray(params.type) ? params.type.join(' or ') : String(params.type)}`
    case 'oneOf':
      return 'needs exactly one of `sha256` and `keyEnv`'
    default:
      return error?.message ?? 'is not valid'
  }
}
