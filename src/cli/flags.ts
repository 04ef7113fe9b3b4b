import { parseArgs } from 'node:util'
import { CodedError } from '../base/errors.ts'
import { nearestName } from '../node/config/nearest-name.ts'

/** One flag. `value` names what follows it (`FILE`, `N`); without it the flag is a switch. */
export type FlagSpec = {
  readonly value?: string
  /** May be given several times, and takes several values: `--train A B --train C`. */
  readonly isList?: boolean
  readonly describe: string
}

export type FlagTable = Readonly<Record<string, FlagSpec>>

/** Flags as typed: a switch is `true`, a value is text, a list is all its values. */
export type Flags = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>

/** Flags that every command takes. */
export const COMMON_FLAGS: FlagTable = {
  json: { describe: 'one JSON document on stdout; progress and notes go to stderr' },
  'data-dir': { value: 'DIR', describe: 'where the node keeps its stores' },
  config: { value: 'FILE', describe: 'configuration file (JSON with comments)' },
  help: { describe: 'this text' },
}

/** A command line that cannot be understood. Throws nothing itself; the caller throws it. */
export function usageError(message: string, details: Readonly<Record<string, unknown>> = {}): CodedError {
  return new CodedError('COMMAND_INVALID', { message, details })
}

/**
 * Reads flags strictly: an unknown flag, a missing value and a value for a switch are refused, with the nearest known flag.
 *
 * Throws `COMMAND_INVALID`.
 */
export function parseFlags(
  words: readonly string[],
  table: FlagTable,
): { readonly flags: Flags; readonly positionals: readonly string[] } {
  const options: Record<string, { type: 'boolean' | 'string'; multiple: boolean; short?: string }> = Object.fromEntries(
    Object.entries(table).map(([name, flag]) => [
      name,
      {
        type: flag.value === undefined ? ('boolean' as const) : ('string' as const),
        multiple: flag.isList ?? false,
        ...(name === 'help' && { short: 'h' }),
      },
    ]),
  )
  rejectUnknown(words, table)
  try {
    const { values, positionals } = parseArgs({
      args: spreadLists(words, table),
      options,
      strict: true,
      allowPositionals: true,
    })
    return { flags: values, positionals }
  } catch (error) {
    throw usageError(firstSentence(error), {})
  }
}

/** The text of a flag; `undefined` when it was not given. */
export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name]
  return typeof value === 'string' ? value : undefined
}

/** All values of a list flag, in order; empty when it was not given. */
export function listFlag(flags: Flags, name: string): readonly string[] {
  const value = flags[name]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

export function isFlagSet(flags: Flags, name: string): boolean {
  return flags[name] === true
}

export type NumberRange = { readonly min: number; readonly max: number; readonly isWhole?: boolean }

/** The number of a flag. Throws `COMMAND_INVALID` when it is none or out of range. */
export function numberFlag(flags: Flags, name: string, range: NumberRange): number | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  const value = Number(text)
  const isFit =
    text.trim() !== '' &&
    value >= range.min &&
    value <= range.max &&
    (range.isWhole !== true || Number.isInteger(value))
  if (!isFit)
    throw usageError(
      `--${name} must be a ${range.isWhole ? 'whole ' : ''}number from ${range.min} to ${range.max}, not ${JSON.stringify(text)}`,
    )
  return value
}

/** A flag that takes one of a few words. Throws `COMMAND_INVALID` for another. */
export function choiceFlag<Choice extends string>(
  flags: Flags,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  const chosen = choices.find((choice) => choice === text)
  if (chosen === undefined)
    throw usageError(`--${name} must be one of ${choices.join(', ')}, not ${JSON.stringify(text)}`)
  return chosen
}

/** The text of a flag that must be there. Throws `COMMAND_INVALID`. */
export function requiredFlag(flags: Flags, name: string): string {
  const text = textFlag(flags, name)
  if (text === undefined) throw usageError(`--${name} is missing`)
  return text
}

/** The values of a list flag that must have one. Throws `COMMAND_INVALID`. */
export function requiredList(flags: Flags, name: string): readonly string[] {
  const values = listFlag(flags, name)
  if (values.length === 0) throw usageError(`--${name} is missing`)
  return values
}

function rejectUnknown(words: readonly string[], table: FlagTable): void {
  for (const word of words) {
    if (word === '--') return
    const name = /^--(?:no-)?([^=]+)/.exec(word)?.[1]
    if (name === undefined || table[name] !== undefined) continue
    const nearest = nearestName(name, Object.keys(table))
    const hint = nearest === undefined ? '' : `. Did you mean --${nearest}?`
    throw usageError(`Unknown flag --${name}${hint}`, {
      flag: `--${name}`,
      ...(nearest !== undefined && { nearest: `--${nearest}` }),
    })
  }
}

/** `-0.02` and `-.5`, which are no flags. */
function isNegative(word: string): boolean {
  return /^-\.?\d/.test(word)
}

function takesValue(word: string, table: FlagTable): boolean {
  const flag = word.startsWith('--') ? table[word.slice(2)] : undefined
  return flag?.value !== undefined && flag.isList !== true
}

/** `--margin -0.02` becomes `--margin=-0.02`. `--train A B` becomes `--train=A --train=B`: a shell's `*.jsonl` expands to many words. */
function spreadLists(words: readonly string[], table: FlagTable): string[] {
  const spread: string[] = []
  let list: string | undefined
  for (const word of words) {
    const before = spread.at(-1)
    if (isNegative(word) && before !== undefined && takesValue(before, table)) spread.splice(-1, 1, `${before}=${word}`)
    else if (word.startsWith('-')) {
      list = table[word.slice(2)]?.isList === true && word.startsWith('--') ? word : undefined
      if (list === undefined) spread.push(word)
    } else spread.push(list === undefined ? word : `${list}=${word}`)
  }
  return spread
}

function firstSentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return (message.split('\n')[0] ?? message).replace(/\. To specify.*$/, '').replaceAll("'", '`')
}
