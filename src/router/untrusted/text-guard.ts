import { CodedError } from '../../base/errors.ts'
import type { InjectionScore, InjectionScorer, TextSource } from '../../core/injection/score-text.ts'
import {
  reportOf,
  TEXT_ACTIONS,
  type TextAction,
  type TextReport,
  type TextRules,
} from '../../core/injection/text-report.ts'
import { readFences, withoutFences } from '../../core/text/read-fences.ts'
import type { ChatMessage } from '../../ports/language-model.ts'

/** What a `TextGuard` judges texts by: who scores them, and what is done, by the source of a text, when its score reaches the threshold. */
export type TextGuardInit = {
  readonly scorer: InjectionScorer
  readonly rules: TextRules
  /** Lets everybody else have a turn. Absent: a text is scored in one go, however long it is. */
  readonly pause?: () => Promise<void>
}

/** Whose texts they are. */
export type Screening = {
  /** Who sent the task. */
  readonly sender: 'user' | 'peer'
  /** The step of a split task that they are of. */
  readonly step?: string
  readonly signal?: AbortSignal | undefined
}

/** Characters that are judged before others have a turn: a few milliseconds of work. */
const TURN_CHARACTERS = 4_096

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

  readonly #pause: (() => Promise<void>) | undefined

  constructor({ scorer, rules, pause }: TextGuardInit) {
    this.#scorer = scorer
    this.#rules = rules
    this.#pause = pause
  }

  get scoredBy(): InjectionScorer['scoredBy'] {
    return this.#scorer.scoredBy
  }

  /**
   * One report for each text. Throws `UNTRUSTED_TEXT_REFUSED` when one of them is to be blocked, with the reports in its details, and the signal's reason.
   */
  async screen(messages: readonly ChatMessage[], screening: Screening): Promise<readonly TextReport[]> {
    const reports: TextReport[] = []
    for (const [at, message] of messages.entries())
      for (const { place, text } of textsOf(message, at, screening))
        reports.push(reportOf(place, await this.#score(text, place.source, screening.signal), this.#rules))
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

  async #score(text: string, source: TextSource, signal: AbortSignal | undefined): Promise<InjectionScore> {
    const turns = this.#scorer.scoring(text, source)
    for (let judged = 0; ;) {
      const turn = turns.next()
      if (turn.done === true) return turn.value
      judged += turn.value
      if (judged < TURN_CHARACTERS || this.#pause === undefined) continue
      judged = 0
      await this.#pause()
      signal?.throwIfAborted()
    }
  }
}

type PlacedText = { readonly place: Pick<TextReport, 'source' | 'message' | 'section' | 'step'>; readonly text: string }

function textsOf(message: ChatMessage, at: number, { sender, step }: Screening): readonly PlacedText[] {
  const text = textOf(message)
  const { outside, sections } = readFences(text)
  const source = message.role === 'tool' ? 'tool' : sender
  const where = { message: at, ...(step !== undefined && { step }) }
  const texts = sections.map(({ name, content }): PlacedText => {
    return {
      place: { source: SENDER_SECTIONS.has(name) ? source : 'document', ...where, section: name },
      text: content,
    }
  })
  // A tool makes no fences: what looks like one in its answer may have been put there to cut an order apart.
  const own = message.role === 'tool' ? withoutFences(text) : outside
  if (!isByOthers(message) || own.trim() === '') return texts
  return [{ place: { source, ...where }, text: own }, ...texts]
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
