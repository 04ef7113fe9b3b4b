import { describe, expect, it } from 'vitest'
import { faultsOfPolicy, isPlainAbsolutePath, isPlainRelativePath } from '../../../src/core/sandbox/check-policy.ts'
import {
  SANDBOX_LIMIT_BOUNDS,
  SANDBOX_LIMIT_DEFAULTS,
  type SandboxPolicy,
} from '../../../src/core/sandbox/sandbox-policy.ts'

const POLICY: SandboxPolicy = {
  isolation: 't3',
  limits: SANDBOX_LIMIT_DEFAULTS,
  network: { hosts: [] },
  environment: [],
  paths: { read: [], write: [] },
  allowEmulation: false,
}

describe('faults of a policy', () => {
  it('are none in the defaults', () => {
    expect(faultsOfPolicy(POLICY)).toEqual([])
  })

  it.each(Object.entries(SANDBOX_LIMIT_BOUNDS))('name the limit %s beyond its bounds', (name, [least, most]) => {
    const faultsOf = (value: number): readonly string[] =>
      faultsOfPolicy({ ...POLICY, limits: { ...SANDBOX_LIMIT_DEFAULTS, [name]: value } })
    expect([faultsOf(least), faultsOf(most)]).toEqual([[], []])
    for (const value of [least - 1, most + 1, least + 0.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(faultsOf(value)).toEqual([expect.stringContaining(`limits.${name}`)])
  })

  it.each(['', '1A', 'A=B', 'A\0', 'Ä', 'A B', 'A'.repeat(129)])('name a variable that is none: %j', (name) => {
    expect(faultsOfPolicy({ ...POLICY, environment: [name] })).toHaveLength(1)
  })

  it.each(['', 'a', './a', '/a/../b', '/a//b', '/a/', '/', '/a\0'])('name a path that is none: %j', (path) => {
    expect(faultsOfPolicy({ ...POLICY, paths: { read: [path], write: [] } })).toHaveLength(1)
    expect(faultsOfPolicy({ ...POLICY, paths: { read: [], write: [path] } })).toHaveLength(1)
  })

  it('say when there are too many names', () => {
    const many = Array.from({ length: 257 }, () => 'A')
    expect(faultsOfPolicy({ ...POLICY, environment: many })).toHaveLength(1)
    expect(faultsOfPolicy({ ...POLICY, network: { hosts: many } })).toHaveLength(1)
    expect(faultsOfPolicy({ ...POLICY, paths: { read: many.map(() => '/a'), write: [] } })).toHaveLength(1)
  })
})

it('a plain path names one place below', () => {
  for (const path of ['a', 'a/b', '.hidden', 'a b', '..a', 'a..']) expect(isPlainRelativePath(path), path).toBe(true)
  for (const path of ['', '.', '..', '/a', 'a/', 'a//b', 'a/./b', 'a/..', 'a\0', 'a'.repeat(256), 'a/'.repeat(3_000)])
    expect(isPlainRelativePath(path), path).toBe(false)
  expect(isPlainAbsolutePath('/a/b')).toBe(true)
})
