import { expect, test } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { LocalNotary } from './local-notary.ts'
import { clock, World } from './set-world.ts'
import { BANK, issueUsd, Party, registerUsd } from './settlement-builder.ts'

/** What a notary ordered of issuers, in order: `+` listed, `-` struck off. */
async function orderedBy(log: Pick<EventLog, 'read'>): Promise<readonly string[]> {
  const ordered: string[] = []
  for await (const { payload } of log.read(0)) {
    const text = new TextDecoder().decode(payload)
    for (const [, isListed, issuer] of text.matchAll(/"isListed":(true|false),"issuer":"([^"]+)"/gu))
      ordered.push(`${isListed === 'true' ? '+' : '-'}${issuer}`)
  }
  return ordered
}

test('a notary alone lists whom its operator names, once, and strikes off whom he names no more', async () => {
  const notary = new LocalNotary()
  const other = new Party('other bank').did
  let amount = 0n
  const run = async (issuers: readonly Did[]): Promise<readonly string[]> => {
    const service = await notary.open({ issuers })
    const now = timestampFromMs(notary.now)
    await service.submit(registerUsd(now))
    amount += 1n
    expect(await service.submit(issueUsd(BANK.did, amount, { now }))).toMatchObject({ effect: 'applied' })
    await service.stop()
    notary.now += 1_000
    return await orderedBy(notary.log)
  }
  expect(await run([])).toEqual([])
  expect(await run([BANK.did])).toEqual([`+${BANK.did}`])
  expect(await run([BANK.did])).toEqual([`+${BANK.did}`])
  expect(await run([other])).toEqual([`+${BANK.did}`, `+${other}`, `-${BANK.did}`])
})

test('a set of four lists whom a quorum of operators names, and nobody else', async () => {
  const other = new Party('other bank').did
  const world = new World({
    issuers: (member) => [...(member < 3 ? [BANK.did] : []), ...(member === 0 ? [other] : [])],
  })
  try {
    await world.start()
    const client = await world.client()
    expect(await client.submit(registerUsd(clock.now()))).toMatchObject({ effect: 'applied' })
    const listed = async (): Promise<readonly (readonly string[])[]> =>
      await Promise.all(world.seats.map(async ({ disk }) => await orderedBy(disk.books)))
    const all = world.seats.map(() => [`+${BANK.did}`])
    await expect.poll(listed, { timeout: 15_000 }).toEqual(all)
    expect(await client.submit(issueUsd(BANK.did, 1n, { now: clock.now() }))).toMatchObject({ effect: 'applied' })
    expect(await listed()).toEqual(all)
  } finally {
    for (const seat of world.seats) await seat.stop()
  }
}, 40_000)
