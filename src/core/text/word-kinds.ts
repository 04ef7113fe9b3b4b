/** What a word does in a question. Differences of one kind weigh otherwise than those of another. */
export type TokenKind =
  | 'content'
  | 'question'
  | 'auxiliary'
  | 'pronoun'
  | 'article'
  | 'preposition'
  | 'conjunction'
  | 'negation'
  | 'degree'
  | 'number'
  | 'symbol'
  | 'function'

/** All kinds, in the order in which they are counted. */
export const TOKEN_KINDS: readonly TokenKind[] = Object.freeze([
  'content',
  'question',
  'auxiliary',
  'pronoun',
  'article',
  'preposition',
  'conjunction',
  'negation',
  'degree',
  'number',
  'symbol',
  'function',
])

const KIND_LISTS: readonly (readonly [TokenKind, string])[] = [
  ['conjunction', 'and or if so than then but because while'],
  [
    'preposition',
    'of to in on for with at by from into about as over under after before between during through against out up down off',
  ],
  ['article', 'a an the this that these those there some any'],
  [
    'pronoun',
    'i you he she it we they my your his her its our their me him us them someone one people anyone somebody',
  ],
  ['auxiliary', 'is are was were be been am do does did can could should would will shall may might must have has had'],
  [
    'degree',
    'more less most least best worst better worse good bad great top bigger biggest smaller smallest larger largest highest lowest higher lower faster fastest slower cheapest cheaper first last only',
  ],
  ['question', 'what which who whom whose how when where why'],
  ['negation', 'not no never without nobody nothing none neither nor cannot non un avoid stop except'],
]

/** Kind of every English word that is not plain content. */
export const WORD_KINDS: ReadonlyMap<string, TokenKind> = new Map(
  KIND_LISTS.flatMap(([kind, words]) => words.split(' ').map((word): [string, TokenKind] => [word, kind])),
)

/** Number words, so that "two days" is "2 days". "one" is left out: it is mostly a pronoun. */
export const NUMBER_WORDS: ReadonlyMap<string, string> = new Map(
  'zero two three four five six seven eight nine ten eleven twelve'
    .split(' ')
    .map((word, place): [string, string] => [word, String(place === 0 ? 0 : place + 1)]),
)

/** Informal and regional spellings of common words, and contractions written without their apostrophe. */
export const DIALECT_WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    u: 'you',
    ur: 'your',
    r: 'are',
    pls: 'please',
    plz: 'please',
    wanna: 'want',
    gonna: 'going',
    whats: 'what',
    hows: 'how',
    im: 'i',
    dont: 'not',
    cant: 'not',
    wont: 'not',
    doesnt: 'not',
    isnt: 'not',
    didnt: 'not',
    cannot: 'not',
    favourite: 'favorite',
    colour: 'color',
  }),
)
