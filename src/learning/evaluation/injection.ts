import { rankingQuality } from '../../core/cache/ranking-quality.ts'
import type { InjectionScorer, TextSource } from '../../core/injection/score-text.ts'
import { JUDGED_CARRIERS } from '../injection/carrier-documents.ts'
import { isOfFamily, rowKeyOf, type InjectionFamily, type InjectionRow } from '../injection/injection-rows.ts'
import { placeInCarrier } from '../injection/place-in-carrier.ts'

/** Figures of one collection: `recall` of attacks, `false_alarm_rate` of harmless texts. */
export type SourceFigures = { readonly n: number; readonly recall?: number; readonly false_alarm_rate?: number }

/** What one way of scoring does on the test rows. `recall` and the rates are shares; `null` where there is no row to count. */
export type ScorerFigures = {
  readonly auc: number
  readonly recall: number
  readonly false_alarm_rate: number
  readonly benign_false_alarm_rate: number | null
}

/** Figures by the names of the command's JSON. */
export type InjectionFigures = ScorerFigures & {
  readonly n: number
  readonly indirect: {
    readonly n: number
    readonly recall: number
    readonly false_alarm_rate: number
    readonly carriers: number
  }
  readonly by_source: Readonly<Record<string, SourceFigures>>
  /** Ordinary rows that were judged, and those left out because they were trained on. */
  readonly benign: {
    readonly n: number
    readonly left_out: number
    readonly by_file: Readonly<Record<string, SourceFigures>>
  }
  readonly left_out: (SourceFigures & { readonly family: InjectionFamily; readonly false_alarms: number | null }) | null
  readonly us_per_text: number
}

export type InjectionJudging = {
  readonly test: readonly InjectionRow[]
  readonly benign: readonly InjectionRow[]
  /** `rowKeyOf` every text that was trained on. */
  readonly trained: ReadonlySet<string>
  readonly leaveOut?: InjectionFamily | undefined
  readonly monotonicMs: () => number
}

/** Judges a scorer on rows that it has not seen, with the thresholds that it came with. */
export function judgeInjections(scorer: InjectionScorer, judging: InjectionJudging): InjectionFigures {
  const { test, benign, trained, leaveOut, monotonicMs } = judging
  const startedMs = monotonicMs()
  const direct = test.filter(({ kind }) => kind !== 'indirect').map((row) => judged(scorer, row, 'user'))
  const spentMs = monotonicMs() - startedMs
  const unseen = benign.filter(({ text }) => !trained.has(rowKeyOf(text))).map((row) => judged(scorer, row, 'user'))
  const attacks = direct.filter(isAttack)
  const harmless = direct.filter((row) => !isAttack(row))
  const family = direct.filter(({ row }) => isOfFamily(row, leaveOut))
  return {
    n: direct.length,
    auc: rankingQuality(
      direct.map(({ score }) => score),
      direct.map(isAttack),
    ),
    recall: alarmShare(attacks),
    false_alarm_rate: alarmShare(harmless),
    benign_false_alarm_rate: unseen.length === 0 ? null : alarmShare(unseen),
    indirect: judgeIndirect(scorer, test),
    by_source: figuresBySource(direct),
    benign: { n: unseen.length, left_out: benign.length - unseen.length, by_file: figuresBySource(unseen) },
    left_out: leaveOut === undefined ? null : { family: leaveOut, ...familyFigures(family) },
    us_per_text: direct.length === 0 ? 0 : (1_000 * spentMs) / direct.length,
  }
}

type JudgedRow = { readonly row: InjectionRow; readonly score: number; readonly isAlarm: boolean }

function judged(scorer: InjectionScorer, row: InjectionRow, source: TextSource): JudgedRow {
  const { score, isInjection } = scorer.score(row.text, source)
  return { row, score, isAlarm: isInjection }
}

function isAttack({ row }: JudgedRow): boolean {
  return row.kind === 'direct' || row.kind === 'indirect'
}

function alarmShare(rows: readonly JudgedRow[]): number {
  return rows.length === 0 ? 0 : rows.filter(({ isAlarm }) => isAlarm).length / rows.length
}

/** Rows inside documents, and the documents without them. */
function judgeIndirect(scorer: InjectionScorer, test: readonly InjectionRow[]): InjectionFigures['indirect'] {
  const placed = test
    .filter(({ kind }) => kind === 'indirect')
    .map((row) => judged(scorer, { ...row, text: placeInCarrier(row.text, JUDGED_CARRIERS) }, 'document'))
  const bare = JUDGED_CARRIERS.map((text) => judged(scorer, { text, kind: 'harmless', source: 'carrier' }, 'document'))
  return { n: placed.length, recall: alarmShare(placed), false_alarm_rate: alarmShare(bare), carriers: bare.length }
}

function figuresBySource(rows: readonly JudgedRow[]): Readonly<Record<string, SourceFigures>> {
  const sources = [...new Set(rows.map(({ row }) => row.source))].toSorted()
  return Object.fromEntries(
    sources.map((source) => [source, sourceFigures(rows.filter(({ row }) => row.source === source))]),
  )
}

function sourceFigures(rows: readonly JudgedRow[]): SourceFigures {
  const attacks = rows.filter(isAttack)
  const harmless = rows.filter((row) => !isAttack(row))
  return {
    n: rows.length,
    ...(attacks.length > 0 && { recall: alarmShare(attacks) }),
    ...(harmless.length > 0 && { false_alarm_rate: alarmShare(harmless) }),
  }
}

function familyFigures(rows: readonly JudgedRow[]): SourceFigures & { readonly false_alarms: number | null } {
  const harmless = rows.filter((row) => !isAttack(row))
  return {
    ...sourceFigures(rows),
    false_alarms: harmless.length === 0 ? null : harmless.filter(({ isAlarm }) => isAlarm).length,
  }
}
