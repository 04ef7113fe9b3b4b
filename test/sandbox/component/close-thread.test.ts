import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'

const MODULE = new URL('../../../src/sandbox/component/close-thread.ts', import.meta.url).href
const ATTEMPTS = `
  const found = []
  for (const name of ['process', 'Buffer', 'fetch', 'WebSocket', 'setTimeout', 'setImmediate', 'MessageChannel', 'BroadcastChannel', 'require', 'structuredClone', 'navigator', 'crypto', 'URL'])
    if (typeof globalThis[name] !== 'undefined') found.push(name)
  for (const name of ['node:fs', 'fs', 'node:net', 'node:worker_threads', 'node:module', 'data:text/javascript,export default 1', 'vitest'])
    try { await import(name); found.push(name) } catch {}
  export default found`

/** A thread that closes itself, or does not, and then evaluates what would get out. */
async function reachedBy(closes: boolean): Promise<readonly string[]> {
  const last = `data:text/javascript,${encodeURIComponent(ATTEMPTS)}`
  const source = `
    import { closeThread } from ${JSON.stringify(MODULE)}
    import { parentPort } from 'node:worker_threads'
    const last = ${JSON.stringify(last)}
    if (${closes}) closeThread(last)
    parentPort.postMessage((await import(last)).default)`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`))
  const [reached] = (await once(worker, 'message')) as [readonly string[]]
  await worker.terminate()
  return reached
}

it('a closed thread evaluates one more module, and that reaches neither Node nor another module', async () => {
  expect(await reachedBy(true)).toEqual([])
})

it('one that is not closed reaches both', async () => {
  const reached = await reachedBy(false)
  expect(reached).toContain('process')
  expect(reached).toContain('node:net')
})
