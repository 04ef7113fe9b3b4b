import { describe, expect, test } from 'vitest'
import type { NotaryService } from '../../../src/market/notary/notary-service.ts'
import type { NotaryAnswer } from '../../../src/ports/notary-client.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { LocalNotary, START } from './local-notary.ts'
import { issueUsd, Party, registerUsd } from './settlement-builder.ts'

/** A disk whose syncs the test lets through one by one, from the moment at which it is closed. */
function createGate() {
  const log = createMemoryEventLog()
  const waiting: { readonly pass: () => void; readonly fail: (cause: unknown) => void }[] = []
  const gate = { isOpen: true, waiting }
  const gated: EventLog = {
    get nextIndex() {
      return log.nextIndex
    },
    get snapshot() {
      return log.snapshot
    },
    get sizeBytes() {
      return log.sizeBytes
    },
    append: async (payloads) => {
      const appended = await log.append(payloads)
      if (!gate.isOpen) await new Promise<void>((pass, fail) => waiting.push({ pass, fail }))
      return appended
    },
    read: (from) => log.read(from),
    compact: async (snapshot) => await log.compact(snapshot),
    close: async () => {},
  }
  return { gate, gated }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 2_000; turn += 1) await Promise.resolve()
}

/** `count` messages that are sent together, and how many of them are answered. */
function send(service: NotaryService, name: string, count: number) {
  const answers: NotaryAnswer[] = []
  const failures: unknown[] = []
  for (let index = 0; index < count; index += 1) {
    const { did } = new Party(`${name}/${index}`)
    service.submit(issueUsd(did, 1n, { now: START })).then(
      (answer) => answers.push(answer),
      (cause: unknown) => failures.push(cause),
    )
  }
  return { answers, failures }
}

/** A notary that has its currency, and from then on waits for the gate. */
async function opened() {
  const { gate, gated } = createGate()
  const notary = new LocalNotary(gated)
  const service = await notary.open()
  await service.submit(registerUsd(START))
  gate.isOpen = false
  return { gate, notary, service }
}

describe('a notary alone under load', () => {
  test('books the next block while the one before is on its way to the disk, and answers each after its own sync', async () => {
    const { gate, service } = await opened()
    const first = send(service, 'first', 1)
    await settled()
    expect(gate.waiting.length).toBe(1)
    const second = send(service, 'second', 128)
    await settled()
    // The second block was given to the disk, and its receipts have not left.
    expect(gate.waiting.length).toBe(2)
    expect([first.answers.length, second.answers.length]).toEqual([0, 0])
    gate.waiting[1]?.pass()
    await settled()
    expect([first.answers.length, second.answers.length]).toEqual([0, 0])
    gate.waiting[0]?.pass()
    await settled()
    expect([first.answers.length, second.answers.length]).toEqual([1, 128])
    expect(second.answers.every(({ effect }) => effect === 'applied')).toBe(true)
    gate.isOpen = true
    await service.stop()
  })

  test('books no more than one block ahead', async () => {
    const { gate, service } = await opened()
    const sent = [send(service, 'first', 1)]
    await settled()
    for (const name of ['second', 'third', 'fourth']) {
      sent.push(send(service, name, 256))
      await settled()
    }
    expect(gate.waiting.length).toBe(2)
    gate.isOpen = true
    for (const { pass } of gate.waiting) pass()
    await settled()
    expect(sent.map(({ answers }) => answers.length)).toEqual([1, 256, 256, 256])
    await service.stop()
  })

  test('reads nothing of a block that is booked and not durable', async () => {
    const { gate, service } = await opened()
    send(service, 'first', 1)
    await settled()
    send(service, 'second', 128)
    await settled()
    let read: number | undefined
    const reading = service.accounts().then(({ ledgers: [usd] }) => {
      read = usd?.accounts.length
    })
    send(service, 'third', 128)
    await settled()
    expect(read).toBeUndefined()
    gate.waiting[0]?.pass()
    await settled()
    expect(read).toBeUndefined()
    gate.waiting[1]?.pass()
    await settled()
    // The issuer, and everybody of the first two blocks; the third waits behind the read.
    await reading
    expect(read).toBe(130)
    gate.isOpen = true
    for (const { pass } of gate.waiting) pass()
    await service.stop()
  })

  test('answers nothing of a block whose sync fails, nor of the one behind it', async () => {
    const { gate, notary, service } = await opened()
    const first = send(service, 'first', 1)
    await settled()
    const second = send(service, 'second', 128)
    await settled()
    gate.waiting[0]?.fail(new TypeError('the disk is gone'))
    gate.waiting[1]?.pass()
    await settled()
    expect([first.answers.length, second.answers.length]).toEqual([0, 0])
    expect([first.failures.length, second.failures.length]).toEqual([1, 128])
    expect(notary.failures.length).toBe(1)
    await service.stop()
  })
})
