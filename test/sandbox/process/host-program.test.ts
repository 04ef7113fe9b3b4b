import { readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { HostProgram } from '../../../src/sandbox/process/host-program.ts'

it('arguments that the kernel does not take are an error with a code, and leave no descriptor open', async () => {
  const start = async (): Promise<unknown> =>
    await HostProgram.start({
      file: '/bin/true',
      args: ['x'.repeat(200_000)],
      environment: {},
      onOutput: () => undefined,
    })
  const broken = (error: unknown): boolean => CodedError.is(error, 'SANDBOX_BROKEN')
  await expect(start()).rejects.toSatisfy(broken)
  const before = readdirSync('/proc/self/fd').length
  for (let tries = 0; tries < 5; tries += 1) await expect(start()).rejects.toSatisfy(broken)
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before)
})
