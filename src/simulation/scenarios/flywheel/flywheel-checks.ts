import { type RolloutTransition, trialOf } from '../../../core/rollout/rollout-state.ts'
import { breachOf } from '../../../core/rollout/watch/watch-evidence.ts'
import { totalsOf } from '../../models/provider-bill.ts'
import type { SimulatedProvider } from '../../models/simulated-provider.ts'
import type { RouterWork } from '../../router/boot-router.ts'
import type { LearningSetup } from '../../router/learning-setup.ts'
import { readReport } from '../../router/machine-rollout.ts'
import type { Stage } from '../../scenario/stage.ts'

export type CheckParts = {
  readonly stage: Stage
  readonly provider: SimulatedProvider
  readonly setup: LearningSetup
  readonly work: RouterWork
  readonly limitNanos: bigint
}

const NANOS_PER_DOLLAR = 1e9

/** What counts at every moment: money is within its limits, and the journals are sound. */
export function checkMoment({ stage, provider, work, limitNanos }: CheckParts): void {
  const charged = totalsOf(provider.bill.lines).listed
  const over = charged <= limitNanos ? undefined : `${charged} nano-dollars were charged of ${limitNanos}`
  stage.checks.check('budget-held', over)
  const broken = [...work.budgets.violations(), ...(work.learning?.rollout.violations() ?? [])]
  stage.checks.check('machines-sound', broken.length === 0 ? undefined : broken.join(', '))
  checkServed(stage, work)
  checkWatch(stage, work)
}

/** Evidence that takes a candidate back has taken it back. */
function checkWatch(stage: Stage, { learning }: RouterWork): void {
  if (learning === undefined) return
  const { position, rules } = learning.rollout.state
  const trial = trialOf(position)
  const breach = trial === undefined ? undefined : breachOf(trial.watch, rules.slo)
  const what = `${trial?.candidate ?? ''} goes on, and is worse in ${breach?.slo ?? ''}`
  stage.checks.check('breach-ends-trial', breach === undefined ? undefined : what)
}

/** What answers is what the journal says. */
function checkServed(stage: Stage, { learning }: RouterWork): void {
  if (learning === undefined) return
  const { served, rollout } = learning
  const { inForce, state } = rollout
  // Between a step of the machine and its place on the disk they differ by one transition.
  if (state.revision !== inForce.revision) return
  const said = inForce.candidate
  const serves = served.inForce.candidate?.version
  const what = said === serves ? undefined : `the journal has ${said ?? 'nobody'} on trial, ${serves ?? 'nobody'} is`
  stage.checks.check('served-as-journalled', what)
}

/** Each way up has a report that was signed here and says that the candidate passed. */
export async function checkTransition(
  { stage, setup, work }: Pick<CheckParts, 'stage' | 'setup' | 'work'>,
  transition: RolloutTransition,
): Promise<void> {
  const { cause, candidate, gate, incumbent } = transition
  if (cause === 'promote' || cause === 'replace') {
    const reports = (await work.learning?.registry.gateReports(candidate ?? '')) ?? []
    const report = reports.find(({ sha256 }) => sha256 === gate)
    const reading = report === undefined ? undefined : readReport(report.text, setup)
    const isSound = reading?.hasPassed === true && reading.candidate === candidate
    stage.checks.check(
      'promoted-by-gate',
      isSound ? undefined : `${candidate ?? ''} has no signed report that it passed`,
    )
  }
  if (cause === 'rollback' || cause === 'slo-breach') {
    const serves = work.learning?.served.inForce
    const isBack = serves?.candidate === undefined && (incumbent === null || serves?.incumbent.version === incumbent)
    const what = `${serves?.incumbent.version ?? ''} serves where ${incumbent ?? 'the configured policy'} was to come back`
    stage.checks.check(
      'rollback-serves-former',
      isBack || transition.revision !== work.learning?.rollout.inForce.revision ? undefined : what,
    )
  }
}

/** Records and shadows together say what the provider charged; no task has two records. */
export async function checkRecords(
  { stage, provider, work }: Pick<CheckParts, 'stage' | 'provider' | 'work'>,
  tasks: number,
): Promise<void> {
  const { records } = work
  await records.pipeline.flush()
  let nanos = 0n
  const ids = new Set<string>()
  let count = 0
  for await (const event of records.store.list()) {
    nanos += nanosOf(event.cost_usd)
    ids.add(event.event_id ?? '')
    count += 1
    const [followUps] = await records.followUps.lookup([event])
    // What had answered the task already was not called for the shadow.
    const called = event.attempts.map(({ model }) => model)
    for (const { model, cost_usd: usd } of followUps?.shadows ?? []) if (!called.includes(model)) nanos += nanosOf(usd)
  }
  const charged = totalsOf(provider.bill.lines).listed
  // What a call costs that nobody heard the end of is not known, and counts at its most.
  const isKnown = provider.bill.lines.every(({ isAnswered }) => isAnswered)
  const isSound = isKnown ? nanos === charged : nanos >= charged
  stage.checks.check('records-match-bill', isSound ? undefined : `records say ${nanos}, ${charged} were charged`)
  stage.checks.check('one-record-per-task', ids.size === count ? undefined : `${count} records of ${ids.size} tasks`)
  stage.checks.check('all-tasks-recorded', count === tasks ? undefined : `${tasks} tasks, ${count} records`)
}

function nanosOf(usd: number | null): bigint {
  return BigInt(Math.round((usd ?? 0) * NANOS_PER_DOLLAR))
}
