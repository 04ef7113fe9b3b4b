import { CodedError } from '../../base/errors.ts'
import type { InjectionScorer, TextSource } from '../../core/injection/score-text.ts'
import {
  reportOf,
  TEXT_ACTIONS,
  type TextAction,
  type TextReport,
  type TextRules,
} from '../../core/injection/text-report.ts'
import { readFences } from '../../core/text/read-fences.ts'
import type { ChatMessage } from '../../ports/language-model.ts'

export type TextGuardInit = { readonly scorer: InjectionScorer; readonly rules: TextRules }

/** Fences around what the sender asks, as agents of this package name them. Nobody but whoever builds a prompt can name a fence. */
const SENDER_SECTIONS: ReadonlySet<string> = new Set(['task', 'question', 'goal', 'request', 'conversation'])

/** How many texts of each source were seen since the start, by what was done about them. */
export type TextCount = { readonly source: TextSource; readonly action: TextAction; readonly count: number }

/**
 * Looks at every text that enters a prompt before a model sees it: what the user says, what tools answered, and what stands in a fence, which is a
 * document. It keeps counts and no texts.
 */
export class TextGuard {
  readonly #scorer: InjectionScorer
  readonly #rules: TextRules
  readonly #counts = new Map<string, number>()

  constructor({ scorer, rules }: TextGuardInit) {
    this.#scorer = scorer
    this.#rules = rules
  }

  get scoredBy(): InjectionScorer['scoredBy'] {
    return this.#scorer.scoredBy
  }

  /**
   * One report for each text. `sender`: who sent the task. Throws `UNTRUSTED_TEXT_REFUSED` when one of them is to be blocked; the reports are in its
   * details.
   */
  screen(messages: readonly ChatMessage[], sender: 'user' | 'peer'): readonly TextReport[] {
    const reports = messages.flatMap((message, at) => this.#reportsOf(message, at, sender))
    for (const { source, action } of reports) {
      const key = `${source} ${action}`
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    }
    const blocked = reports.find(({ action }) => action === 'block')
    if (blocked === undefined) return reports
    throw new CodedError('UNTRUSTED_TEXT_REFUSED', {
      message: `A text of a ${blocked.source} looks like a prompt injection (score ${blocked.score.toFixed(3)}, refused from ${blocked.threshold.toFixed(3)})`,
      details: {
        texts: reports
          .filter(({ action }) => action !== 'pass')
          .map((report) => ({ ...report, rules: [...report.rules] })),
      },
    })
  }

  /** The per-source report. */
  counts(): readonly TextCount[] {
    const sources: readonly TextSource[] = ['user', 'document', 'tool', 'peer']
    return sources.flatMap((source) =>
      TEXT_ACTIONS.map((action) => ({ source, action, count: this.#counts.get(`${source} ${action}`) ?? 0 })),
    )
  }

  #reportsOf(message: ChatMessage, at: number, sender: 'user' | 'peer'): readonly TextReport[] {
    const { outside, sections } = readFences(textOf(message))
    const source = message.role === 'tool' ? 'tool' : sender
    const reports = sections.map(({ name, content }) =>
      this.#report({ source: SENDER_SECTIONS.has(name) ? source : 'document', message: at, section: name }, content),
    )
    if (isByOthers(message) && outside.trim() !== '') reports.unshift(this.#report({ source, message: at }, outside))
    return reports
  }

  #report(place: Pick<TextReport, 'source' | 'message' | 'section'>, text: string): TextReport {
    return reportOf(place, this.#scorer.score(text, place.source), this.#rules)
  }
}

/** What the operator or the model itself wrote is not judged; a text in a fence is, whoever put it there. */
function isByOthers({ role }: ChatMessage): boolean {
  return role === 'user' || role === 'tool'
}

function textOf({ content }: ChatMessage): string {
  if (content === null) return ''
  if (typeof content === 'string') return content
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('\n')
}
