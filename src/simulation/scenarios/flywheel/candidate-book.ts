import type { RolloutTransition } from '../../../core/rollout/rollout-state.ts'
import type { MetricValue } from '../../scenario/scenario.ts'

/** Where a version comes from: the node's own learner, a training on measured tasks, or one on measured tasks that a model had seen. */
export type Origin = 'learned' | 'trained' | 'leaked'

type Candidate = {
  readonly version: string
  readonly origin: Origin
  readonly proposedAtMs: number
  /** Checks of the gate that it failed when it was judged last; empty: it passed. */
  refusedFor: readonly string[]
  /** Why the node refused to promote it at some time; `undefined`: it never did. */
  refusedBy: string | undefined
  /** When it came to each stage, virtual milliseconds. */
  readonly stages: Partial<Record<'shadow' | 'canary' | 'full', number>>
  /** Tasks that were answered by what it decided. */
  served: number
  taken: { readonly atMs: number; readonly reason: string } | undefined
}

/** Within so many virtual milliseconds what serves is what the journal says. */
const SWITCH_MS = 1_000

/** Every version that was shown to the gate, and what became of it. */
export class CandidateBook {
  private readonly candidates = new Map<string, Candidate>()

  /** Versions that were shown to the gate. */
  get count(): number {
    return this.candidates.size
  }

  propose(version: string, origin: Origin, atMs: number): void {
    if (this.candidates.has(version)) return
    this.candidates.set(version, {
      version,
      origin,
      proposedAtMs: atMs,
      refusedFor: [],
      refusedBy: undefined,
      stages: {},
      served: 0,
      taken: undefined,
    })
  }

  /** @param refusedFor  Names of the checks that failed; none: it passed. */
  judge(version: string, refusedFor: readonly string[]): void {
    const candidate = this.candidates.get(version)
    if (candidate !== undefined) candidate.refusedFor = refusedFor
  }

  /** @param code  Of the error by which the node refused. */
  refuse(version: string, code: string): void {
    const candidate = this.candidates.get(version)
    if (candidate !== undefined) candidate.refusedBy = code
  }

  /**
   * An answer by what a version decided about a task that came at a moment, virtual milliseconds.
   *
   * @returns  What is wrong with that: the version had been taken back before.
   */
  serve(version: string, askedAtMs: number): string | undefined {
    const candidate = this.candidates.get(version)
    if (candidate === undefined) return undefined
    candidate.served += 1
    const { taken } = candidate
    const isGone = taken !== undefined && askedAtMs > taken.atMs + SWITCH_MS
    return isGone ? `${version} answers at ${askedAtMs} ms, taken back at ${taken.atMs} ms` : undefined
  }

  /** @param gone  Version that does not serve any more, of a rollback. */
  follow({ cause, candidate: version, to, breach }: RolloutTransition, gone: string | undefined, atMs: number): void {
    const isBack = cause === 'slo-breach' || cause === 'rollback'
    const candidate = this.candidates.get((isBack ? gone : version) ?? '')
    if (candidate === undefined) return
    if (isBack)
      candidate.taken = { atMs, reason: breach === null ? 'operator' : `${breach.slo} against ${breach.against}` }
    else if (to !== 'legacy_only') candidate.stages[to] = atMs
  }

  /**
   * `proposed`: versions shown to the gate, by origin. `refused`: by the check that failed, one version under each. `promoted`: those that began their way up; of them
   * `in_full` answered everything at some time. `taken_back`: by reason, the limit that was broken and what it was measured by, or `operator`.
   */
  counts(): MetricValue {
    const all = [...this.candidates.values()]
    const isPromoted = ({ stages }: Candidate): boolean => stages.shadow !== undefined
    return {
      proposed: countBy(all, ({ origin }) => [origin]),
      refused: countBy(all, ({ refusedFor }) => refusedFor),
      refused_by_node: countBy(all, ({ refusedBy }) => (refusedBy === undefined ? [] : [refusedBy])),
      promoted: countBy(all.filter(isPromoted), ({ origin }) => [origin]),
      in_full: countBy(all, ({ origin, stages }) => (stages.full === undefined ? [] : [origin])),
      taken_back: countBy(all, ({ taken }) => (taken === undefined ? [] : [taken.reason])),
    }
  }

  /**
   * What became of the policy that was learned from leaked measurements; `null`: there was none. `stage`: the highest that it came to, `refused` where the gate did not let it
   * in. Spans are virtual milliseconds from its promotion: to the canary, to full service, and until it was taken back; `null`: that did not happen. `served`: tasks that were
   * answered by what it decided; in the shadow none are.
   */
  leaked(): MetricValue {
    const candidate = [...this.candidates.values()].find(({ origin }) => origin === 'leaked')
    if (candidate === undefined) return null
    const { version, stages, served, taken, refusedFor } = candidate
    const from = stages.shadow
    const since = (atMs: number | undefined): number | null =>
      atMs === undefined || from === undefined ? null : atMs - from
    return {
      version,
      stage: (['full', 'canary', 'shadow'] as const).find((stage) => stages[stage] !== undefined) ?? 'refused',
      refused_for: refusedFor,
      canary_after_ms: since(stages.canary),
      full_after_ms: since(stages.full),
      taken_back_after_ms: since(taken?.atMs),
      taken_back_for: taken?.reason ?? null,
      served,
    }
  }
}

function countBy(
  candidates: readonly Candidate[],
  read: (candidate: Candidate) => readonly string[],
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const candidate of candidates) for (const name of read(candidate)) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
