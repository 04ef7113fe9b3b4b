import type { PlayEnd } from '../../scenario/scenario.ts'
import { moneyConserved } from '../../checks/money-conserved.ts'
import { replayEquals } from '../../checks/replay-equals.ts'
import { START_BALANCE } from './account-agent.ts'
import type { Chaos } from './chaos.ts'

/** The last looks of a run, when everything is settled: what is there, what the journals say, and that everybody ends in order. */
export async function finishChaos({ nodes, observers, options, stage }: Chaos): Promise<PlayEnd> {
  const { checks } = stage
  const state: Record<string, Record<string, string>> = {}
  const held: { readonly where: string; readonly amount: number }[] = []
  for (const { name, accounts, crew } of nodes) {
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
  return { metrics: { commands: observers.done, acknowledged: observers.acknowledged.count }, state }
}
