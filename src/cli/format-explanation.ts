import { formatUsd } from '../base/format.ts'
import type { DecisionDocument } from '../node/decision-document.ts'
import { formatTable, type Column } from './format-table.ts'

/** Why a task went where it went: the reasons, then the candidates. */
export function formatExplanation(decision: DecisionDocument, width: number): string {
  const head = `route ${decision.route}, confidence ${decision.confidence.toFixed(2)}, risk ${decision.risk}, difficulty ${decision.difficulty}, policy ${decision.policy_version} (${decision.scorer})`
  const reasons = reasonsOf(decision).map((reason) => `  - ${reason}`)
  const rows = decision.candidates.map((candidate) => [
    candidate.model,
    candidate.offer_source === undefined ? candidate.tier : `${candidate.tier} (${candidate.offer_source})`,
    candidate.predicted_success.toFixed(3),
    candidate.expected_cost_usd === null ? 'unknown' : formatUsd(candidate.expected_cost_usd),
    decision.plan.some(({ model }) => model === candidate.model) ? 'planned' : (candidate.excluded_because ?? ''),
  ])
  const columns: readonly Column[] = [
    { heading: 'candidate', isFlexible: true },
    { heading: 'tier' },
    { heading: 'P(success)', align: 'right' },
    { heading: 'expected', align: 'right' },
    { heading: 'note', isFlexible: true },
  ]
  const texts = textsOf(decision).map((text) => `  - ${text}`)
  return [head, ...reasons, ...texts, ...(rows.length === 0 ? [] : [formatTable(columns, rows, width)])].join('\n')
}

/** How many texts of each source were looked at, and what was found in those that look like an injection. */
function textsOf({ texts = [] }: DecisionDocument): readonly string[] {
  if (texts.length === 0) return []
  const sources = [...new Set(texts.map(({ source }) => source))]
  const counts = sources.map((source) => `${source} ${texts.filter((text) => text.source === source).length}`)
  const found = texts.filter(({ action }) => action !== 'pass')
  return [
    `texts looked at for prompt injection: ${counts.join(', ')}`,
    ...found.map(({ source, message, section, step, score, threshold, rules, action }) => {
      const where = [`message ${message}`, section, step && `step ${step}`].filter((part) => part !== undefined)
      const why = rules.length === 0 ? '' : `: ${rules.join(', ')}`
      return `${action}: ${source}, ${where.join(', ')}, score ${score.toFixed(3)} of ${threshold.toFixed(3)}${why}`
    }),
  ]
}

/** One sentence each, why no peer was asked among them. */
export function reasonsOf({ reasons, no_peer_because: because }: DecisionDocument): readonly string[] {
  return because === undefined ? reasons : [...reasons, `no peer is asked: ${because}`]
}
