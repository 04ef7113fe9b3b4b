import type { MetricValue } from '../../scenario/scenario.ts'
import type { PeerNode, Served } from './peer-node.ts'

/** Within so many tasks from its first one, or from its first lie, a liar has to be found out. */
export const FOUND_OUT_WITHIN = 50
const USD = 1e9

/** What a node's tasks cost and were worth, as the node's own results say it. */
export function measureNode({ served, init }: PeerNode): Readonly<Record<string, MetricValue>> {
  const all = served.filter((one) => one !== undefined)
  const costs = all.map(({ result }) => Number(result?.costNanos ?? 0n) / USD)
  const isRight = ({ task, result }: Served): boolean =>
    result !== undefined && init.tasks.isRight(task.prompt, result.answer.text) === true
  const bought = all.flatMap(({ result }) => result?.attempts.filter(({ tier }) => tier === 'peer') ?? [])
  const judged = all.flatMap(({ result }) => result?.overheadCalls.filter(({ purpose }) => purpose === 'judge') ?? [])
  return {
    tasks: all.length,
    failed: all.filter(({ result }) => result === undefined).length,
    quality: share(all, isRight),
    cost_usd: sum(costs),
    peer_share: share(all, ({ result }) => result?.tier === 'peer'),
    peer_asked: share(all, ({ result }) => result?.attempts.some(({ tier }) => tier === 'peer') === true),
    peer_accepted: share(bought, ({ outcome }) => outcome === 'accepted'),
    peer_cost_usd: sum(bought.map(({ costNanos }) => Number(costNanos ?? 0n) / USD)),
    judge_cost_usd: sum(judged.map(({ costNanos }) => Number(costNanos ?? 0n) / USD)),
    latency_s: sum(all.map(({ result }) => (result?.latencyMs ?? 0) / 1000)) / Math.max(1, all.length),
  }
}

/**
 * Share of tasks that go to somebody, before and behind the 50th task from `from` on.
 *
 * @param isTheirs By the candidate's name.
 */
export function shareOf(
  { served }: PeerNode,
  isTheirs: (modelId: string) => boolean,
  from: number,
): Readonly<Record<string, MetricValue>> {
  const asked = served.map(
    (one) => one?.result?.attempts.some(({ modelId, tier }) => tier === 'peer' && isTheirs(modelId)) === true,
  )
  const kept = served.map((one) => one?.result?.tier === 'peer' && isTheirs(one.result.modelId))
  const early = asked.slice(from, from + FOUND_OUT_WITHIN)
  const late = asked.slice(from + FOUND_OUT_WITHIN)
  return {
    asked: asked.filter(Boolean).length,
    answered: kept.filter(Boolean).length,
    share_first_50: share(early, Boolean),
    share_after_50: share(late, Boolean),
    last_asked: asked.lastIndexOf(true) < from ? 0 : asked.lastIndexOf(true) - from + 1,
  }
}

/** One stretch of `FOUND_OUT_WITHIN` tasks after another: who answers, what a task costs, and how often the answer is right. */
export function measureWindows(
  { served, init }: PeerNode,
  isLiars: (modelId: string) => boolean,
): readonly Readonly<Record<string, MetricValue>>[] {
  const windows: Readonly<Record<string, MetricValue>>[] = []
  for (let from = 0; from < served.length; from += FOUND_OUT_WITHIN) {
    const tasks = served.slice(from, from + FOUND_OUT_WITHIN)
    const by = (isTheirs: (result: NonNullable<Served['result']>) => boolean): number =>
      share(tasks, (one) => one?.result !== undefined && isTheirs(one.result))
    const tiers = new Set(tasks.flatMap((one) => one?.result?.tier ?? []))
    windows.push({
      from: from + 1,
      liar_asked: by(({ attempts }) => attempts.some(({ tier, modelId }) => tier === 'peer' && isLiars(modelId))),
      liar: by(({ tier, modelId }) => tier === 'peer' && isLiars(modelId)),
      tiers: Object.fromEntries([...tiers].toSorted().map((name) => [name, by(({ tier }) => tier === name)])),
      cost_usd: sum(tasks.map((one) => Number(one?.result?.costNanos ?? 0n) / USD)) / Math.max(1, tasks.length),
      quality: share(
        tasks,
        (one) => one?.result !== undefined && init.tasks.isRight(one.task.prompt, one.result.answer.text) === true,
      ),
    })
  }
  return windows
}

function share<Value>(values: readonly Value[], isMeant: (value: Value) => boolean): number {
  return values.length === 0 ? 0 : values.filter(isMeant).length / values.length
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
