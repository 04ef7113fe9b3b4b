import { sha256Hex, type PlanState, type SubTask } from 'kernell-os/core'
import type { TenantTaskGraphs } from 'kernell-os/router'

/** Where plans are kept until they have ended: a tenant's part of a journal, `taskGraphsOf(await node.openPlans(), tenant)`. */
export type PlanGraphs = Pick<TenantTaskGraphs<SubTask>, 'run' | 'unfinished' | 'resume' | 'forget'>

/** Unfinished plans of a tenant that are kept. */
const KEPT_MAX = 16
/** What a plan has found out may be out of date after a week. */
const KEPT_MS = 7 * 24 * 3_600_000

/** What there is of a task, and the name that it has. */
export type FoundPlan = { readonly key: string; readonly unfinished: PlanState | undefined }

/**
 * The latest unfinished plan for a task, where there is one that is not too old and is to be gone on with; one that is not
 * is forgotten. Throws as `TaskGraphs.forget`.
 *
 * @param nowMs  Milliseconds since 1970.
 */
export async function lookForPlan(
  graphs: PlanGraphs,
  { task, isResuming }: { readonly task: string; readonly isResuming: boolean },
  nowMs: number,
): Promise<FoundPlan> {
  // Equal texts have equal names, and nobody reads the text from one.
  const key = sha256Hex(task.trim()).slice(0, 32)
  const unfinished = graphs.unfinished().findLast(({ graph: { id } }) => keyOf(id) === key && !isTooOld(id, nowMs))
  if (unfinished === undefined || isResuming) return { key, unfinished }
  await graphs.forget(unfinished.graph.id)
  return { key, unfinished: undefined }
}

/** An id that no other plan has. @param nowMs  Milliseconds since 1970. */
export function newPlanId(key: string, nowMs: number): string {
  return `${key}/${Math.floor(nowMs)}-${crypto.randomUUID()}`
}

/** Forgets what is too old, and the oldest of what is too much. Throws as `TaskGraphs.forget`. */
export async function forgetOldPlans(graphs: PlanGraphs, nowMs: number): Promise<void> {
  const ids = graphs.unfinished().map(({ graph }) => graph.id)
  const surplus = ids.length - KEPT_MAX
  const old = ids.filter((id, index) => index < surplus || isTooOld(id, nowMs))
  await Promise.all(old.map(async (id) => await graphs.forget(id)))
}

/** Of `TENANT/KEY/MS-RANDOM`. */
function keyOf(id: string): string | undefined {
  return id.split('/').at(-2)
}

function isTooOld(id: string, nowMs: number): boolean {
  return nowMs - Number.parseInt(id.split('/').at(-1) ?? '', 10) > KEPT_MS
}
