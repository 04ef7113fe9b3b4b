/** What came of a task, by the names under which it may stand in a text. */
export type NamedOutcomes = Readonly<Record<string, string | number | boolean | null>>

/** Of one name: how often a text said it with a value, and how often that value was the task's own. */
type Mentions = {
  mentioned: number
  matched: number
  distinctive: number
  firstPlace: string
  /** How often the task's own value was what; `undefined` when it was too many things to be a class. */
  own: Map<string, number> | undefined
}

export type PromptMention = { readonly name: string; readonly why: string; readonly place: string }

/** Names in texts, in lower case, and the outcomes that they may mean; those that are not here mean themselves. */
const MEANINGS: Readonly<Record<string, readonly string[]>> = {
  success: ['success'],
  succeeded: ['success'],
  outcome: ['success'],
  result: ['success'],
  verdict: ['success'],
  status: ['success'],
  cost: ['cost_usd'],
  cost_usd: ['cost_usd'],
  latency: ['latency_ms', 'latency_s'],
  duration: ['latency_ms', 'latency_s'],
  elapsed: ['latency_ms', 'latency_s'],
  route: ['actual_route', 'final_route_used', 'actual_tier_used', 'optimal_route'],
  tier: ['actual_tier_used', 'actual_route', 'optimal_route'],
}

const OWN_NAMES =
  'latency_ms|latency_s|tokens_out|tokens_total|verifier_accepted|verifier_confidence|optimal_route|label_reason|error_type|actual_tier_used|actual_route|final_route_used|escalation_chain|was_escalated|reward'

/**
 * A name, then `:`, `=`, `>` of a tag, `is` or `was`, then a value. Quotes, backslashes before them, signs of markup and a currency may stand between.
 */
const MENTION = new RegExp(
  `\\b(${Object.keys(MEANINGS).join('|')}|${OWN_NAMES})[\\\\"'\`*_]{0,4}\\s*(?:[:=>]|\\b(?:is|was)\\b)[\\s\\\\"'\`*_\\[(]{0,6}` +
    `(?:US\\$|USD|EUR|[$\u20ac\u00a3])?\\s{0,2}([a-z0-9_.+-]{1,40})`,
  'gi',
)

/** Words for a success, and for the lack of it. */
const YES: ReadonlySet<string> = new Set(
  'true yes ok okay y 1 success successful succeeded passed pass right correct accepted good'.split(' '),
)
const NO: ReadonlySet<string> = new Set(
  'false no ko n 0 failure failed fail wrong incorrect rejected error bad'.split(' '),
)

/** Texts may be long; what a program adds stands at one of the ends. */
const SEARCHED_MAX = 8192
const MATCHES_MIN = 3
const MATCHED_SHARE = 0.95
/** Fewer texts than this share may well be about such fields. */
const TEXTS_SHARE = 0.2
/** Share of the mistakes of whoever always names the most frequent value: a text that says the same of every task says nothing. */
const MISTAKES_LEFT_MAX = 0.2
/** Values of a class at most. */
const CLASSES_MAX = 16
/** Figures of three digits agree by chance about this often. */
const CHANCE_SHARE = 0.01
/** An answer of fewer characters stands in many texts by chance. */
const ANSWER_MIN = 20

/**
 * Looks for outcomes in prompts: a task's own figures behind their names, and its answer. That a text speaks of a `latency_ms`
 * is no leak; that it names the very figure of its own task is. Values that many tasks share (`true`, `cheap`) count only when
 * a fifth of the texts name theirs, and more rightly than by naming the most frequent one.
 */
export class PromptMentions {
  readonly #byName = new Map<string, Mentions>()
  #texts = 0
  #answers = { mentioned: 0, matched: 0, firstPlace: '' }

  add(text: string, outcomes: NamedOutcomes, place: string): void {
    this.#texts += 1
    const searched =
      text.length <= SEARCHED_MAX ? text : `${text.slice(0, SEARCHED_MAX / 2)}\n${text.slice(-SEARCHED_MAX / 2)}`
    for (const [, written = '', said = ''] of searched.matchAll(MENTION)) {
      const name = written.toLowerCase()
      const values = (MEANINGS[name] ?? [name]).flatMap((meaning) => outcomes[meaning] ?? [])
      if (values.length === 0) continue
      const mentions = this.#byName.get(name) ?? newMentions(place)
      this.#byName.set(name, mentions)
      const value = values.find((own) => isSame(said, own))
      noteOwn(mentions, String(value ?? values[0]))
      mentions.mentioned += 1
      if (value === undefined) continue
      mentions.matched += 1
      if (isDistinctive(said, value)) {
        if (mentions.distinctive === 0) mentions.firstPlace = place
        mentions.distinctive += 1
      }
    }
  }

  /** An answer that stands in its own prompt. */
  addAnswer(text: string, answer: string, place: string): void {
    if (answer.length < ANSWER_MIN) return
    this.#answers.mentioned += 1
    if (!text.includes(answer)) return
    if (this.#answers.matched === 0) this.#answers.firstPlace = place
    this.#answers.matched += 1
  }

  found(): readonly PromptMention[] {
    const found: PromptMention[] = []
    for (const [name, mentions] of this.#byName) {
      const { mentioned, matched, distinctive, firstPlace: place } = mentions
      if (distinctive > CHANCE_SHARE * mentioned || this.#isTold(mentions))
        found.push({ name, why: `${matched} prompts name the ${name} of their own task`, place })
    }
    const { mentioned, matched, firstPlace: place } = this.#answers
    if (matched >= MATCHES_MIN && matched >= TEXTS_SHARE * mentioned)
      found.push({ name: 'answer', why: `${matched} prompts hold the answer that was given to them`, place })
    return found
  }

  #isTold({ mentioned, matched, own }: Mentions): boolean {
    const usual = Math.max(0, ...(own?.values() ?? []))
    return (
      matched >= MATCHES_MIN &&
      matched >= MATCHED_SHARE * mentioned &&
      mentioned >= TEXTS_SHARE * this.#texts &&
      mentioned - matched <= MISTAKES_LEFT_MAX * (mentioned - usual) &&
      mentioned > usual
    )
  }
}

function newMentions(place: string): Mentions {
  return { mentioned: 0, matched: 0, distinctive: 0, firstPlace: place, own: new Map() }
}

function noteOwn(mentions: Mentions, value: string): void {
  const { own } = mentions
  if (own === undefined) return
  if (own.size === CLASSES_MAX && !own.has(value)) mentions.own = undefined
  else own.set(value, (own.get(value) ?? 0) + 1)
}

function isSame(said: string, value: string | number | boolean): boolean {
  const word = said.toLowerCase().replace(/[.]+$/, '')
  if (typeof value === 'boolean') return (value ? YES : NO).has(word)
  if (typeof value === 'string') return word === value.toLowerCase() || isRouteOf(word, value)
  const digits = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?(?=[a-z]{0,7}$)/.exec(word)?.[0]
  return digits !== undefined && Number(digits) === value
}

/** `cheap` of `cheap_api`, `premium` of `premium_api`, `local` of `local_small`. */
function isRouteOf(word: string, tier: string): boolean {
  return word.length >= 5 && tier.toLowerCase().startsWith(`${word}_`)
}

/** A number of three digits or more that are not all zeros behind the first is hardly named by chance. */
function isDistinctive(said: string, value: string | number | boolean): boolean {
  if (typeof value !== 'number') return false
  return (
    said
      .replace(/^[+-]|[a-zA-Z].*$/g, '')
      .replace(/^0*[.]?0*/, '')
      .replace('.', '')
      .replace(/0+$/, '').length >= 3
  )
}
