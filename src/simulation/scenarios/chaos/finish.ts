import type { PlayEnd } from '../../scenario/scenario.ts'
import { moneyConserved } from '../../checks/money-conserved.ts'
import { TOO_MUCH } from '../../market/agents/agent-record.ts'
import type { Stage } from '../../scenario/stage.ts'
import { replayEquals } from '../../checks/replay-equals.ts'
import { START_BALANCE } from './account-agent.ts'
import type { ChaosWorld } from './chaos-world.ts'
import { judgeMarket } from './judge-market.ts'

/** The last looks of a run, when everything is settled: what is there, what the journals say, and that everybody ends in order. */
export async function finishChaos(chaos: ChaosWorld): Promise<PlayEnd> {
  await goOn(chaos)
  const { nodes, observers, options, stage, market } = chaos
  const { checks } = stage
  const balances = market && (await judgeMarket(stage, market))
  const state: Record<string, Record<string, string>> = {}
  const held: { readonly where: string; readonly amount: number }[] = []
  for (const { name, accounts, crew, desk } of nodes) {
    await desk.judge()
    await crew?.stop()
    if (accounts === undefined) continue
    accounts.look('in the end')
    for (const { id, account } of accounts.accounts()) {
      held.push({ where: `${name}/${id}`, amount: account.balance })
      const { handled, remindersAsked, remittancesAsked, remittancesDone } = account
      const reminders = Object.keys(handled).filter((what) => what.startsWith('reminder ')).length
      checks.check(
        'deadlines-kept',
        reminders === remindersAsked
          ? undefined
          : `${name}/${id} asked for ${remindersAsked} reminders, ${reminders} came`,
      )
      checks.check(
        'at-most-once',
        remittancesDone === remittancesAsked
          ? undefined
          : `${name}/${id} was told of ${remittancesDone} remittances of ${remittancesAsked}`,
      )
    }
    const { live, replayed } = await accounts.stopAndReplay()
    checks.check('replay-equals', replayEquals(name, live, replayed))
    state[name] = Object.fromEntries(replayed)
  }
  checks.check('money-conserved', moneyConserved(options.nodes * options.accounts * START_BALANCE, held))
  if (balances !== undefined)
    state['market'] = Object.fromEntries([...balances].map(([id, nanos]) => [id, nanos.toString()]))
  const { calls, nanos } = chaos.models.provider.bill.repriced
  const metrics = {
    commands: observers.done,
    acknowledged: observers.acknowledged.count,
    // What no budget and no record can know.
    repriced_calls: calls,
    repriced_usd: Number(nanos) / 1e9,
  }
  return { metrics, state }
}

/** Virtual milliseconds in which what begins behind the faults has to come to its end. */
const PROGRESS_MS = 240_000
const STEP_MS = 250

/** Behind the faults new work comes in, and is done. */
async function goOn(chaos: ChaosWorld): Promise<void> {
  const { clients, market, nodes, stage } = chaos
  // Sellers that were started anew have to say what they offer.
  for (let step = 0; step < 12; step += 1) await pause(stage)
  for (const client of clients) client.command()
  for (const { desk, machine } of nodes) if (machine.running !== undefined) desk.begin(machine.running)
  await market?.buyMore()
  const endMs = stage.world.nowMs() + PROGRESS_MS
  while (stage.world.nowMs() < endMs && !chaos.isSettled()) await pause(stage)
  const unmade = market?.town.purchases.filter(
    ({ key, outcome }) => market.isLast(key) && outcome !== 'FINAL' && outcome !== TOO_MUCH,
  )
  const open = chaos.unsettled()
  stage.checks.check('progress', open && `${open}, ${PROGRESS_MS} ms behind the last beginning`)
  stage.checks.check('progress', unmade?.[0] && `a purchase behind the faults came to ${unmade[0].outcome ?? 'no end'}`)
  // What is said of contracts that have ended is counted, and copies of books catch up.
  for (let step = 0; step < 20; step += 1) await pause(stage)
}

async function pause({ world }: Stage): Promise<void> {
  await new Promise<void>((resolve) => void world.schedule(STEP_MS, { kind: 'look', run: resolve }))
}
