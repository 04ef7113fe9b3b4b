import { afterEach, describe, expect, it } from 'vitest'
import { parseSandboxPolicy } from '../../../src/wire/sandbox-policy-document.ts'
import { makeFolder, removeFolders, startNode } from '../start-node.ts'

afterEach(removeFolders)

const POLICY = parseSandboxPolicy('{"isolation": "t2", "limits": {"wallMs": 60000, "cpuMs": 60000}}')
const script = (source: string) => ({ kind: 'script', source, call: 'answer', args: [] }) as const
const ANSWER = script('export const answer = () => 42')

describe('a program that a node runs', () => {
  it('is run by an order of its own that is in the journal first, or of somebody else that counts once', async () => {
    await using node = await startNode(makeFolder())
    expect(await node.runProgram({ program: ANSWER, policy: POLICY })).toMatchObject({ reason: 'exited', value: 42 })
    const journal = await node.rights.openAudit()
    const types = (): readonly string[] => [...journal.entries()].map(({ event }) => event.type)
    expect(types()).toEqual(['call-granted'])
    await expect(node.runProgram({ program: ANSWER, right: { order: 'none', chain: [] } })).rejects.toMatchObject({
      code: 'CAPABILITY_CALL_REFUSED',
    })
    expect(types()).toEqual(['call-granted', 'call-refused'])
  })

  it('asks for nothing that no order can name', async () => {
    await using node = await startNode(makeFolder())
    const policy = { ...POLICY, network: { hosts: Array.from({ length: 33 }, (_, index) => `h${index}.example.com`) } }
    await expect(node.runProgram({ program: ANSWER, policy })).rejects.toMatchObject({ code: 'SANDBOX_POLICY_INVALID' })
  })

  it('ends when everything is stopped, and none begins then', async () => {
    await using node = await startNode(makeFolder())
    const running = node.runProgram({ program: script('export const answer = () => { for (;;) {} }'), policy: POLICY })
    const ended = expect(running).rejects.toMatchObject({ code: 'NODE_STOPPED' })
    await node.rights.stop.stop({ by: 'jane', reason: '' })
    await ended
    await expect(node.runProgram({ program: ANSWER, policy: POLICY })).rejects.toMatchObject({ code: 'NODE_STOPPED' })
  })
})
