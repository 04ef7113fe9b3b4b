import { extractJson, parseJson } from '../text/extract-json.ts'
import { checkJsonSchema, type SchemaOutcome } from './json-schema.ts'
import type { Check } from './verdict.ts'

/** What the text of an answer must be. */
export type ExpectedFormat =
  | { readonly type: 'json-object' }
  | { readonly type: 'json-schema'; readonly schema: unknown }

/** A validator of JSON Schema: pure, synchronous, total. The built-in one covers what models are asked for; see `checkJsonSchema`. */
export type SchemaCheck = (schema: unknown, value: unknown) => SchemaOutcome

export type FormatCheckInput = {
  readonly answer: string
  readonly expectedFormat?: ExpectedFormat
  readonly schemaCheck?: SchemaCheck
}

/**
 * Whether the answer is the JSON that the request demands. Strict about the whole text, as the callers' parsers are: a
 * fenced block or prose around the JSON fails `json-parses`. A schema with keywords that cannot be judged adds no check.
 */
export function checkExpectedFormat({
  answer,
  expectedFormat,
  schemaCheck = checkJsonSchema,
}: FormatCheckInput): readonly Check[] {
  if (expectedFormat === undefined) return []
  const parsed = parseJson(answer)
  if (parsed === undefined) {
    const isWrapped = extractJson(answer, 'object') !== undefined
    return [
      {
        name: 'json-parses',
        passed: false,
        detail: isWrapped ? 'there is text around the JSON' : 'the answer is not JSON',
      },
    ]
  }
  if (expectedFormat.type === 'json-object') {
    const isObject = typeof parsed.value === 'object' && parsed.value !== null && !Array.isArray(parsed.value)
    return [{ name: 'json-parses', passed: isObject, detail: isObject ? 'a JSON object' : 'JSON, but not an object' }]
  }
  const parses: Check = { name: 'json-parses', passed: true, detail: 'valid JSON' }
  const outcome = schemaCheck(expectedFormat.schema, parsed.value)
  switch (outcome.kind) {
    case 'unsupported':
      return [parses]
    case 'valid':
      return [parses, { name: 'json-schema', passed: true, detail: 'the schema is met' }]
    case 'invalid':
      return [
        parses,
        { name: 'json-schema', passed: false, detail: `at ${outcome.path || 'the root'}: ${outcome.problem}` },
      ]
  }
}
