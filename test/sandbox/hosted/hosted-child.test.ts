import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { CodedError } from '../../../src/base/errors.ts'
import { SANDBOX_LIMIT_DEFAULTS } from '../../../src/core/sandbox/sandbox-policy.ts'
import { followRun } from '../../../src/sandbox/hosted/follow-run.ts'
import { hostArguments } from '../../../src/sandbox/hosted/host-arguments.ts'
import { HostedChild } from '../../../src/sandbox/hosted/hosted-child.ts'
import { COMPONENT_PACKAGES } from '../../../src/sandbox/component/create-component-sandbox.ts'
import { SCRIPT_PACKAGES } from '../../../src/sandbox/quickjs/create-quickjs-sandbox.ts'
import { identifyProcess, waitUntilGone } from '../../../src/sandbox/process/process-identity.ts'
import { fenceProbe } from './fence-probe.ts'

const fixture = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const isReal = (each: ReturnType<typeof identifyProcess>): each is NonNullable<typeof each> => each !== undefined

const ROOT = new URL('../../../', import.meta.url)
const RUN = { type: 'run', limits: SANDBOX_LIMIT_DEFAULTS, job: null } as const

/** A host that runs this text of JavaScript, with `say` to send a frame. */
function forgedHost(source: string): HostedChild {
  const say = `const say = (header) => {
    const text = Buffer.from(JSON.stringify(header)), head = Buffer.alloc(12)
    head.writeUInt32LE(8 + text.length, 0); head.writeUInt32LE(text.length, 4)
    process.stdout.write(Buffer.concat([head, text]))
  };`
  return new HostedChild(['-e', `${say} process.stdin.resume(); ${source}`])
}

async function lossOf(source: string): Promise<CodedError> {
  const child = forgedHost(source)
  try {
    return await new Promise((resolve) => child.listen({ onMessage: () => {}, onLost: resolve }))
  } finally {
    expect(await child.end()).toEqual([])
  }
}

describe('a host that was taken over', () => {
  it.each([
    [
      'says more than it may',
      'setInterval(() => { for (let n = 0; n < 1_000; n += 1) say({ type: "began" }) }, 1)',
      'more than it may',
    ],
    ['sends noise', 'process.stdout.write("some noise that is no frame at all")', 'cannot be read'],
    [
      'names a length that is too large',
      'process.stdout.write(Buffer.from([255, 255, 255, 255, 1]))',
      'cannot be read',
    ],
    ['sends what is no message', 'say({ type: "constructor" })', 'cannot be read'],
    ['sends a message that lacks members', 'say({ type: "end", reason: "exited" })', 'cannot be read'],
    ['ends', 'process.exit(3)', '(3)'],
    ['kills itself', 'process.kill(process.pid, "SIGKILL")', 'SIGKILL'],
  ])('is ended where it %s', async (_what, source, message) => {
    const error = await lossOf(source)
    expect([error.code, error.message]).toEqual(['SANDBOX_BROKEN', expect.stringContaining(message)])
  })

  it.each([
    ['no JSON', '{'],
    ['deep without measure', '['.repeat(5_000) + ']'.repeat(5_000)],
  ])('is believed no value that is %s', async (_what, value) => {
    const end = { type: 'end', reason: 'exited', value, paths: [], isCut: false, cpuMs: 1, memoryBytesPeak: 1 }
    const child = forgedHost(`say({ type: "ready" }); say({ type: "began" }); say(${JSON.stringify(end)})`)
    const job = { limits: SANDBOX_LIMIT_DEFAULTS, job: null, parts: [] }
    const { signal } = new AbortController()
    const outcome = followRun({ child, job, calledAtMs: 0, signal, onOutput: undefined })
    await expect(outcome).rejects.toMatchObject({ code: 'SANDBOX_BROKEN' })
    expect(await child.end()).toEqual([])
  })

  it('that does not stop at its time is ended from outside', async () => {
    const child = forgedHost('say({ type: "ready" }); say({ type: "began" })')
    const job = { limits: { ...SANDBOX_LIMIT_DEFAULTS, wallMs: 50 }, job: null, parts: [] }
    const { signal } = new AbortController()
    const outcome = await followRun({ child, job, calledAtMs: 0, signal, onOutput: undefined })
    expect(outcome.reason).toBe('time')
    expect(outcome.usage.wallMs).toBeLessThan(1_050)
    expect(await child.end()).toEqual([])
  })
})

describe('the second fence of a host', () => {
  it.each(['script', 'component'])(
    'has the thread of a %s read the code of this package, and do nothing else of what Node can',
    async (kind) => {
      const packages = kind === 'script' ? SCRIPT_PACKAGES : COMPONENT_PACKAGES
      const child = new HostedChild(hostArguments({ guestUrl: fenceProbe(ROOT), packages }))
      const refused = await new Promise((resolve, reject) => {
        child.listen({
          onMessage: (message) => {
            if (message.type === 'ready') child.give(RUN, { parts: [], answerBytesMax: 10_000 })
            else resolve('message' in message ? message.message : message)
          },
          onLost: reject,
        })
      })
      expect(refused).toBe('own code')
      expect(await child.end()).toEqual([])
    },
  )
})

describe('hosts', () => {
  it('end within two seconds when whoever started them is killed', async () => {
    const parent = spawn(process.execPath, ['--no-warnings', fixture('./run-for-ever.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [said] = (await once(parent.stdout, 'data')) as [Buffer]
    const pids = JSON.parse(said.toString()) as readonly number[]
    const hosts = pids.map(identifyProcess).filter(isReal)
    expect(hosts.length).toBe(2)
    parent.kill('SIGKILL')
    expect(await waitUntilGone(hosts, 2_000)).toEqual([])
  })

  it('that wait for work keep nobody from ending, and end with it', async () => {
    const output = await new Promise<string>((resolve, reject) => {
      execFile(process.execPath, ['--no-warnings', fixture('./run-once.ts')], (error, stdout) =>
        error === null ? resolve(stdout) : reject(error),
      )
    })
    const hosts = (JSON.parse(output) as readonly number[]).map(identifyProcess).filter(isReal)
    expect(await waitUntilGone(hosts, 2_000)).toEqual([])
  })
})
