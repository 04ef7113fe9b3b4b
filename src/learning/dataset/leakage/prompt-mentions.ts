/** What came of a task, by the names under which it may stand in a text. */
export type NamedOutcomes = Readonly<Record<string, string | number | boolean | null>>

/** Of one name: how often a text said it with a value, and how often that value was the task's own. */
type Mentions = { mentioned: number; matched: number; distinctive: number; firstPlace: string }

export type PromptMention = { readonly name: string; readonly why: string; readonly place: string }

const NAMES =
  'success|cost_usd|cost|latency_ms|latency_s|tokens_out|tokens_total|verifier_accepted|verifier_confidence|optimal_route|label_reason|error_type|actual_tier_used|actual_route|final_route_used|escalation_chain|was_escalated|reward'

const MENTION = new RegExp(`["']?\\b(${NAMES})\\b["']?\\s*[:=]\\s*["']?([A-Za-z0-9_.+-]{1,40})`, 'g')

/** Texts may be long; what a program adds stands at one of the ends. */
const SEARCHED_MAX = 8192
const MATCHES_MIN = 3
const MATCHED_SHARE = 0.95
/** Fewer texts than this share may well be about such fields. */
const TEXTS_SHARE = 0.2
/** Figures of three digits agree by chance about this often. */
const CHANCE_SHARE = 0.01
/** An answer of fewer characters stands in many texts by chance. */
const ANSWER_MIN = 20

/**
 * Looks for outcomes in prompts: a task's own figures behind their names, and its answer. That a text speaks of a `latency_ms`
 * is no leak; that it names the very figure of its own task is. Values that many tasks share (`true`, `cheap`) count only when
 * a fifth of the texts name theirs, and rightly.
 */
export class PromptMentions {
  readonly #byName = new Map<string, Mentions>()
  #texts = 0
  #answers: Mentions = { mentioned: 0, matched: 0, distinctive: 0, firstPlace: '' }

  add(text: string, outcomes: NamedOutcomes, place: string): void {
    this.#texts += 1
    const searched =
      text.length <= SEARCHED_MAX ? text : `${text.slice(0, SEARCHED_MAX / 2)}\n${text.slice(-SEARCHED_MAX / 2)}`
    for (const [, name = '', said = ''] of searched.matchAll(MENTION)) {
      const value = outcomes[name]
      if (value === undefined || value === null) continue
      const mentions = this.#byName.get(name) ?? { mentioned: 0, matched: 0, distinctive: 0, firstPlace: place }
      this.#byName.set(name, mentions)
      mentions.mentioned += 1
      if (!isSame(said, value)) continue
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
    for (const [name, { mentioned, matched, distinctive, firstPlace: place }] of this.#byName) {
      const isUsual =
        matched >= MATCHES_MIN && matched >= MATCHED_SHARE * mentioned && mentioned >= TEXTS_SHARE * this.#texts
      if (distinctive > CHANCE_SHARE * mentioned || isUsual)
        found.push({ name, why: `${matched} prompts name the ${name} of their own task`, place })
    }
    const { mentioned, matched, firstPlace: place } = this.#answers
    if (matched >= MATCHES_MIN && matched >= TEXTS_SHARE * mentioned)
      found.push({ name: 'answer', why: `${matched} prompts hold the answer that was given to them`, place })
    return found
  }
}

function isSame(said: string, value: string | number | boolean): boolean {
  if (typeof value === 'number') return said !== '' && Number(said.replace(/[.]$/, '')) === value
  return said.toLowerCase().replace(/[.]$/, '') === String(value).toLowerCase()
}

/** A number of three digits or more that are not all zeros behind the first is hardly named by chance. */
function isDistinctive(said: string, value: string | number | boolean): boolean {
  if (typeof value !== 'number') return false
  return (
    said
      .replace(/^[+-]|[eE].*$/g, '')
      .replace(/^0*[.]?0*/, '')
      .replace('.', '')
      .replace(/0+$/, '').length >= 3
  )
}
