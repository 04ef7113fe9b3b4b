import { type Reading, WORD } from './character-classes.ts'
import { isMixed } from './find-tokens.ts'

/** How keys of services begin that nothing else does, and how many characters follow at least. Nothing more is asked of what follows. */
const SURE_PREFIXES: readonly (readonly [prefix: string, least: number])[] = [
  // Keys and the admin token of this project.
  ['kos_', 30],
  ['sk-proj-', 16],
  ['sk-svcacct-', 16],
  ['sk-admin-', 16],
  ['sk-ant-', 16],
  ['sk-or-v1-', 16],
  ['sk_live_', 16],
  ['sk_test_', 16],
  ['rk_live_', 16],
  ['pk_live_', 16],
  ['whsec_', 16],
  ['ghp_', 30],
  ['gho_', 30],
  ['ghu_', 30],
  ['ghs_', 30],
  ['ghr_', 30],
  ['github_pat_', 30],
  ['glpat-', 16],
  ['xoxb-', 16],
  ['xoxp-', 16],
  ['xoxa-', 16],
  ['xoxr-', 16],
  ['xoxs-', 16],
  ['xapp-', 16],
  ['pplx-', 24],
  ['nvapi-', 24],
  ['tvly-', 16],
  ['dop_v1_', 30],
  ['shpat_', 24],
  ['sq0atp-', 16],
  ['lin_api_', 24],
  ['age-secret-key-1', 30],
]

/** Names of programs and packages begin so too: what follows has to look like a key. */
const LIKELY_PREFIXES: readonly (readonly [prefix: string, least: number])[] = [
  ['sk-', 16],
  ['aiza', 30],
  ['akia', 16],
  ['asia', 16],
  ['hf_', 24],
  ['gsk_', 24],
  ['xai-', 24],
  ['r8_', 24],
  ['npm_', 30],
  ['pypi-', 30],
  ['ya29.', 20],
]

type KeyShape = { readonly prefix: string; readonly least: number; readonly isSure: boolean }

const SHAPES: readonly KeyShape[] = [
  ...SURE_PREFIXES.map(([prefix, least]) => ({ prefix, least, isSure: true })),
  ...LIKELY_PREFIXES.map(([prefix, least]) => ({ prefix, least, isSure: false })),
]

const SHAPES_BY_FIRST: ReadonlyMap<number, readonly KeyShape[]> = new Map(
  [...new Set(SHAPES.map(({ prefix }) => prefix.charCodeAt(0)))].map((first) => [
    first,
    SHAPES.filter(({ prefix }) => prefix.charCodeAt(0) === first),
  ]),
)

/** So much of a key is looked at to tell it from words: sixteen random characters have no digit once in fifteen times, so many hardly ever. */
const LOOKED_AT = 64

/** Where the key of a known shape ends that begins here; `undefined` where there is none. */
export function endOfApiKey(reading: Reading, start: number): number | undefined {
  reading.steps += 1
  for (const { prefix, least, isSure } of SHAPES_BY_FIRST.get(reading.text.charCodeAt(start) | 32) ?? []) {
    if (!reading.goesOnWith(prefix, start)) continue
    const from = start + prefix.length
    const seen = reading.endOf(from, WORD, from + (isSure ? least : LOOKED_AT))
    if (seen - from < least || !(isSure || looksRandom(reading, from, seen))) continue
    return reading.endOf(seen, WORD)
  }
  return endOfDottedKey(reading, start)
}

const DOTTED = 'sg.'
const DOTTED_PART_LEAST = 16

/** SendGrid: a name and a secret behind `SG.`, with a dot between. */
function endOfDottedKey(reading: Reading, start: number): number | undefined {
  if (!reading.goesOnWith(DOTTED, start)) return undefined
  const name = reading.endOf(start + DOTTED.length, WORD)
  if (name - start - DOTTED.length < DOTTED_PART_LEAST || reading.text[name] !== '.') return undefined
  const secret = reading.endOf(name + 1, WORD)
  return secret - name - 1 < DOTTED_PART_LEAST ? undefined : secret
}

/** Words with hyphens between have no digit, and no capitals but where a word begins. */
function looksRandom(reading: Reading, start: number, end: number): boolean {
  const run = reading.text.slice(start, end)
  reading.steps += end - start
  if (/\d/.test(run)) return isMixed(reading, start, end)
  return /[a-z][A-Z].*[a-z][A-Z]/.test(run) || /[A-Za-z]{20}/.test(run)
}
