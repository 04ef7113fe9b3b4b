import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromTransition } from 'xstate'
import { afterAll, describe, expect, it } from 'vitest'
import { remedyOf } from '../../src/base/errors.ts'
import { defineAgent } from '../../src/actors/define-agent.ts'
import { createActorSystem } from '../../src/node/actors/create-actor-system.ts'
import { makeFolder, removeFolders, runBinary } from './run-binary.ts'

afterAll(removeFolders)

const tally = defineAgent({
  name: 'tally',
  durable: true,
  logic: fromTransition(
    (count: number, event: { readonly type: string }) => (event.type === 'add' ? count + 1 : count),
    0,
  ),
})

async function folderWithTally(): Promise<string> {
  const folder = makeFolder()
  writeFileSync(join(folder, 'kernell.jsonc'), `{ "dataDir": ${JSON.stringify(join(folder, 'data'))} }`)
  const system = createActorSystem({ dataDir: join(folder, 'data') })
  const ref = system.spawn(tally, { id: 'tally' })
  for (let count = 0; count < 3; count += 1) await ref.deliver({ type: 'add' })
  await system.stop()
  return folder
}

const run = async (folder: string, ...words: readonly string[]) =>
  await runBinary(['agent', ...words, '--config', 'kernell.jsonc', '--json'], { folder })

describe('kernell agent export and import', () => {
  it('carry a durable agent to another data directory, where it goes on', { timeout: 60_000 }, async () => {
    const [from, to] = [await folderWithTally(), makeFolder()]
    writeFileSync(join(to, 'kernell.jsonc'), `{ "dataDir": ${JSON.stringify(join(to, 'data'))} }`)
    const file = join(to, 'tally.jsonl')
    expect(JSON.parse((await run(from, 'export', 'tally', '--output', file)).output)).toMatchObject({
      id: 'tally',
      output: file,
    })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(JSON.parse((await run(to, 'import', file)).output)).toEqual({ id: 'tally' })
    const again = await run(to, 'import', file)
    expect([again.code, JSON.parse(again.output)]).toMatchObject([1, { error: { code: 'ACTOR_ALREADY_STORED' } }])
    const system = createActorSystem({ dataDir: join(to, 'data') })
    const ref = system.spawn(tally, { id: 'tally' })
    await system.ready
    await ref.deliver({ type: 'add' })
    await expect.poll(() => (ref.getSnapshot() as { readonly context?: unknown }).context).toBe(4)
    await system.stop()
  })

  it('are beside a list of what is stored, and a way to remove it', { timeout: 60_000 }, async () => {
    const folder = await folderWithTally()
    const listed = await run(folder, 'stored')
    expect([listed.code, JSON.parse(listed.output)]).toEqual([
      0,
      { agents: [{ id: 'tally', agent: 'tally', version: 1, commits: 4, waiting: 0, timers: 0, effects: 0 }] },
    ])
    const plain = await runBinary(['agent', 'stored', '--config', 'kernell.jsonc'], { folder })
    expect(plain.output).toMatch(/^id +agent +version[\s\S]*^tally +tally +1/m)
    const unsure = await run(folder, 'remove', 'tally')
    expect([unsure.code, JSON.parse(unsure.output)]).toMatchObject([2, { error: { code: 'COMMAND_INVALID' } }])
    const removed = await run(folder, 'remove', 'tally', '--yes')
    expect([removed.code, JSON.parse(removed.output)]).toEqual([0, { id: 'tally' }])
    expect(JSON.parse((await run(folder, 'stored')).output)).toEqual({ agents: [] })
    const again = await run(folder, 'remove', 'tally', '--yes')
    expect([again.code, JSON.parse(again.output)]).toMatchObject([1, { error: { code: 'ACTOR_NOT_STORED' } }])
    expect(remedyOf('ACTOR_NOT_STORED')).toContain('`kernell agent stored`')
    expect(remedyOf('ACTOR_ALREADY_STORED')).toContain('`kernell agent remove ID --yes`')
  })

  it('refuse what is damaged and what is not there', { timeout: 60_000 }, async () => {
    const folder = await folderWithTally()
    const missing = await run(folder, 'export', 'nobody', '--output', join(folder, 'x.jsonl'))
    expect([missing.code, JSON.parse(missing.output)]).toMatchObject([1, { error: { code: 'ACTOR_NOT_STORED' } }])
    const file = join(folder, 'tally.jsonl')
    await run(folder, 'export', 'tally', '--output', file)
    writeFileSync(file, readFileSync(file, 'utf8').replace('tally', 'tolly'))
    const damaged = await run(folder, 'import', file)
    expect([damaged.code, JSON.parse(damaged.output)]).toMatchObject([1, { error: { code: 'ACTOR_EXPORT_INVALID' } }])
  })
})
