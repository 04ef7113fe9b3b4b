/**
 * Classes of English words that say something about how hard a task is for a language model. The lists are written by hand while
 * looking at public question sets, so they carry those sets' manner of asking (`judgement` and `enumeration` above all: questions with
 * numbered statements about what is right by ordinary standards). They hold no weights: what a class is worth comes from the priors or
 * from training. A word may be in several classes; words of other languages carry none, so the features which count them stay at zero.
 */
const WORDS_BY_CLASS = {
  function:
    'a an the of in on at to for from by with and or as is are was were be been being it its this that these those has have had do does did will would can could may might shall should into about than then there their they them he she his her him you your we our us i me my not no if so but what which who when where why how',
  negation:
    "not no never none neither nor cannot can't isn't aren't don't doesn't didn't won't without except least incorrect false unlike lacks absent untrue",
  condition: 'if suppose assume assuming given let unless when whenever provided consider imagine were case',
  comparison:
    'more less greater fewer larger smaller higher lower than better worse older younger faster slower longer shorter most best increase increases decrease decreases twice thrice double triple half',
  quantity:
    'many much number total amount sum average mean percent percentage remaining left altogether combined count cost price dollars cents',
  recall: 'who whom when where named called known name term refers defined definition capital founded born located',
  explanation:
    'why how because explain explains reason reasons therefore implies suggests describe describes purpose cause causes effect',
  firstPerson: 'i me my mine myself we our us ours',
  thirdPerson:
    'he she his her him hers himself herself they their patient man woman boy girl mother father child client student',
  judgement:
    'morally wrong right moral ethical ordinary standards should ought appropriate likely most best according justified legal liable guilty',
  derivation:
    'calculate compute determine find evaluate solve prove derive estimate simplify factor integrate differentiate show minimum maximum probability equation value function',
  production:
    'write generate create compose summarize translate list rewrite draft implement design sentence paragraph essay story program',
  code: 'def return function class import print python java array string int list assert code algorithm null void const self',
  truth: 'true false correct incorrect valid invalid wrong right yes statement statements',
  collective: 'all none both neither above below either only',
  enumeration: 'statement statements scenario scenarios following ii iii iv first second third respectively',
  time: 'hour hours minute minutes day days week weeks month months year years daily weekly today yesterday tomorrow now century',
  hedge: 'approximately about roughly probably perhaps usually generally often sometimes may might could',
  rate: 'each every per times rate speed ratio fraction',
  choice: 'which following best correct choose option options answer',
  creative:
    'story poem poetry haiku song lyrics fiction novel creative slogan tagline blog dialogue joke fairy screenplay limerick imaginative',
  data: 'table csv json xml yaml sql column columns row rows dataset database query spreadsheet extract parse data chart records field fields',
} as const

export type WordClass = keyof typeof WORDS_BY_CLASS

/** All classes; the place in this list is the bit of the class. */
export const WORD_CLASSES: readonly WordClass[] = Object.keys(WORDS_BY_CLASS) as WordClass[]

/** Bit of the class of negations. */
export const NEGATION_BIT: number = 1 << WORD_CLASSES.indexOf('negation')

/** Open-addressed table from the hash of a word to its class bits; under a third full, so a miss costs a probe or two. */
export type Lexicon = { readonly keys: Int32Array; readonly classes: Int32Array; readonly mask: number }

const TABLE_SIZE = 2048

/** Start and factor of the 32-bit FNV-1a hash. */
export const FNV_OFFSET = 0x811c9dc5
export const FNV_PRIME = 0x01000193

/** FNV-1a over the UTF-16 code units of a lower-case word: the hash that the scanner computes as it reads. */
export function hashWord(word: string): number {
  let hash: number = FNV_OFFSET
  for (let index = 0; index < word.length; index += 1) hash = Math.imul(hash ^ word.charCodeAt(index), FNV_PRIME)
  return hash | 0
}

export function createLexicon(): Lexicon {
  const keys = new Int32Array(TABLE_SIZE)
  const classes = new Int32Array(TABLE_SIZE)
  const mask = TABLE_SIZE - 1
  for (const [index, name] of WORD_CLASSES.entries()) {
    for (const word of WORDS_BY_CLASS[name].split(' ')) {
      const hash = hashWord(word)
      let slot = hash & mask
      while (classes[slot] !== 0 && keys[slot] !== hash) slot = (slot + 1) & mask
      keys[slot] = hash
      classes[slot] = (classes[slot] ?? 0) | (1 << index)
    }
  }
  return { keys, classes, mask }
}

/** Class bits of a word by its hash; 0 for a word in no class. */
export function classesOfWord(lexicon: Lexicon, hash: number): number {
  let slot = hash & lexicon.mask
  for (;;) {
    const bits = lexicon.classes[slot] ?? 0
    if (bits === 0 || lexicon.keys[slot] === hash) return bits
    slot = (slot + 1) & lexicon.mask
  }
}
