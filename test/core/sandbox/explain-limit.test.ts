import { expect, it } from 'vitest'
import { explainLimit } from '../../../src/core/sandbox/explain-limit.ts'
import { SANDBOX_LIMIT_DEFAULTS } from '../../../src/core/sandbox/sandbox-policy.ts'

it.each([
  ['time', 'it came to wallMs (10000): raise limits.wallMs'],
  ['cpu', 'it came to cpuMs (10000): raise limits.cpuMs'],
  ['memory', 'it came to memoryBytes (268435456): raise limits.memoryBytes'],
  ['output', 'it came to outputBytes (1048576): raise limits.outputBytes'],
  ['processes', 'it came to processes (64): raise limits.processes'],
  ['disk', 'it came to diskBytes (67108864): raise limits.diskBytes'],
  ['exited', undefined],
  ['toString', undefined],
])('an end by %s: %s', (reason, text) => {
  expect(explainLimit(reason, SANDBOX_LIMIT_DEFAULTS)).toBe(text)
})
