import type { TaskPushNotificationConfig } from '@a2a-js/sdk'
import { expect, it } from 'vitest'
import { ownContextOf } from '../../../src/node/a2a/call-context.ts'
import { openKeptTasks } from '../../../src/node/a2a/kept-task-store.ts'
import { PushConfigs } from '../../../src/node/a2a/push-configs.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'

const A = { owner: 'acme', id: 'a' }
const context = ownContextOf('acme')

function configOf(id: string): TaskPushNotificationConfig {
  return { tenant: '', id, taskId: 'a', url: 'https://receiver.example/hook', token: 't', authentication: undefined }
}

async function openConfigs(rememberedMax?: number) {
  const store = await openKeptTasks(createMemoryKeyValueStore())
  const read = { times: 0, before: async () => await Promise.resolve() }
  const configs = new PushConfigs({
    store: {
      notesOf: async (name) => {
        read.times += 1
        const notes = await store.notesOf(name)
        await read.before()
        return notes
      },
      editNotes: async (name, edit) => await store.editNotes(name, edit),
    },
    random: createSystemRandom(),
    admit: async () => await Promise.resolve(),
    ...(rememberedMax !== undefined && { rememberedMax }),
  })
  const idsOf = async (mayBeOld: boolean, name = A): Promise<string> =>
    (await configs.secretsOf(name, { mayBeOld })).map(({ id }) => id).join('')
  return { store, read, configs, idsOf }
}

it('pieces of an answer cost no reading where that takes a way, and whatever changed is read again', async () => {
  const { read, configs, idsOf } = await openConfigs(2)
  expect([await idsOf(true), await idsOf(true), read.times]).toEqual(['', '', 1])
  await configs.save('a', context, configOf('x'))
  expect([await idsOf(true), await idsOf(true), read.times]).toEqual(['x', 'x', 2])
  expect([await idsOf(false), read.times]).toEqual(['x', 3])
  configs.forget({ ...A, id: 'b' })
  expect([await idsOf(true), read.times]).toEqual(['x', 3])
  for (const forget of [() => configs.forget(A), () => configs.forget()]) {
    const before = read.times
    forget()
    expect([await idsOf(true), read.times]).toEqual(['x', before + 1])
  }
  // No more are remembered than may be.
  for (const id of ['b', 'c']) await idsOf(true, { ...A, id })
  const before = read.times
  await idsOf(true)
  expect(read.times).toBe(before + 1)
})

it('what changes while it is read is not remembered as it was', async () => {
  const { read, configs, idsOf, store } = await openConfigs(2)
  for (const forget of [() => configs.forget(A), () => configs.forget()]) {
    await store.editNotes(A, () => undefined)
    configs.forget()
    const reading = Promise.withResolvers<void>()
    read.before = async () => await reading.promise
    const asked = idsOf(true)
    await new Promise((resolve) => setImmediate(resolve))
    await store.editNotes(A, () => new TextEncoder().encode(JSON.stringify([{ ...configOf('y') }])))
    forget()
    reading.resolve()
    expect(await asked).toBe('')
    expect(await idsOf(true)).toBe('y')
  }
})

it('of one in the same process each is read', async () => {
  const { read, idsOf } = await openConfigs()
  expect([await idsOf(true), await idsOf(true), read.times]).toEqual(['', '', 2])
})

it('of several that are set at once each is kept, and no more than may be', async () => {
  const { configs, idsOf } = await openConfigs()
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, async (_, place) => await configs.save('a', context, configOf(String(place)))),
  )
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(8)
  expect((await idsOf(false)).length).toBe(8)
})
