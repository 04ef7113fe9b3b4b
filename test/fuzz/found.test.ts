/** Inputs that `npm run fuzz` found something with, each with the refusal that is due. */
import { describe, expect, it } from 'vitest'
import { parseAuditSnapshot } from '../../src/core/audit/audit-snapshot.ts'
import { parseApprovalText } from '../../src/core/firewall/approval.ts'
import { parsePolicyArtefact } from '../../src/core/policy/policy-artefact.ts'
import { parseKeyFile } from '../../src/keys/store/key-file.ts'
import { parseCalibration } from '../../src/core/cache/cache-calibration.ts'
import { PAIR_FEATURES } from '../../src/core/cache/pair-features.ts'
import { parseInjectionModel } from '../../src/core/injection/injection-model.ts'
import { parseBookedEvent } from '../../src/market/notary/books/booked-event.ts'
import { readTerms } from '../../src/market/parties/contracts/contract-notes.ts'
import { parseConfigText } from '../../src/node/config/parse-config-text.ts'
import { readUsageQuery } from '../../src/node/usage/usage-query.ts'
import { readNanos, readRefusal } from '../../src/storage/postgres/budgets/budget-commands.ts'
import { readLines } from '../../src/storage/postgres/budgets/read-budget-lines.ts'
import { decodeBytes } from '../../src/wire/v1/notary-questions.ts'
import { failureOf } from '../fixtures/failure-of.ts'

const codeOf = async (read: () => unknown): Promise<string> => {
  const { code } = await failureOf(new Promise((resolve) => resolve(read())))
  return code
}

describe('what fuzzing found', () => {
  it.each([
    { format: 'kernell-cache-calibration', version: { toString: 1 } },
    { format: 'kernell-cache-calibration', version: 1, features: [...PAIR_FEATURES.slice(1), { toString: 1 }] },
  ])('a calibration with members that are no text is refused: $version', async (document) => {
    expect(await codeOf(() => parseCalibration(JSON.stringify(document)))).toBe('CACHE_CALIBRATION_INVALID')
  })

  it('a model of injections whose format is no number is refused', async () => {
    const text = JSON.stringify({ kind: 'kernell-injection-model', format: { toString: 1 } })
    expect(await codeOf(() => parseInjectionModel(text))).toBe('INJECTION_MODEL_INVALID')
  })

  it.each([{ '': 1 }, { number: 0.5 }, { number: 1e308 }, { nothing: null }])(
    'an entry of the books whose envelope has no canonical text is none: %j',
    (envelope) => {
      expect(parseBookedEvent({ at: 1, slot: 1, envelope })).toBeUndefined()
    },
  )

  it.each(['{"', '[[]]', '{}'])('terms that nobody wrote are a broken store: %s', async (text) => {
    expect(await codeOf(() => readTerms(text))).toBe('STORE_CORRUPTED')
  })

  it.each(['`', 'A'])('bytes of a notary that are no base64url are none: %s', (text) => {
    expect(decodeBytes(text)).toBeUndefined()
  })

  it('a configuration of a thousand lists within each other is refused with its line', async () => {
    const text = `{\n"providers": ${'['.repeat(100_000)}`
    expect(await codeOf(() => parseConfigText(text, 'kernell.json'))).toBe('CONFIG_INVALID')
  })

  it.each(['-1900000000000', '1e999', '"1"'])('a journal that was shortened has no instant %s', (at) => {
    const hash = '24f4fe7f745b967df9acb34d5a3f3a415a979dfd710eabfc651e9321ab71b5a8'
    expect(
      parseAuditSnapshot(`{"v":1,"start":{"entries":6,"hash":"${hash}","at":${at}},"kept":[],"used":[]}`),
    ).toBeUndefined()
  })

  it('what has half of a character has no checksum, and is refused as any other changed file', async () => {
    const half = '\ud800'
    const approval = { approver: '', declassified: [], expiresAt: 610, nonce: '01'.repeat(16), planHash: half }
    expect(parseApprovalText(JSON.stringify(approval))).toBeUndefined()
    const policy = JSON.stringify({ kind: 'kernell-policy', format: 1, name: half })
    expect(await codeOf(() => parsePolicyArtefact(policy))).toBe('POLICY_ARTEFACT_INVALID')
    const key = new TextEncoder().encode(`{"format":1,"chain":"\\ud800"}`)
    expect(await codeOf(() => parseKeyFile(key, 'node.key'))).toBe('KEY_FILE_CORRUPTED')
  })

  it.each(['2030-02-30', '2030-02-31T12:00:00Z', '2030-04-31', '9999-12-31T23:59-00:30', '0000-01-01T00:00+00:30'])(
    'usage is not asked from a day that there is not: %s',
    async (from) => {
      expect(await codeOf(() => readUsageQuery({ from }, []))).toBe('REQUEST_INVALID')
    },
  )

  it('usage is asked from the last day of February of a leap year', () => {
    expect(readUsageQuery({ from: '2028-02-29' }, []).from).toBe('2028-02-29T00:00:00.000Z')
  })

  it.each(['18446744073709551616', '-1', '', 'NaN', 5, undefined])(
    'what a database has in the place of an amount is a broken store: %j',
    async (text) => {
      expect(await codeOf(() => readNanos(text))).toBe('STORE_CORRUPTED')
      const refused = { scope: 'node', span: 'day', limit: text, available: '0' }
      expect(await codeOf(() => readRefusal({ refused }))).toBe('STORE_CORRUPTED')
    },
  )

  it.each([
    { held: '-1' },
    { spent: '18446744073709551615', held: '18446744073709551615' },
    { place: 5 },
    { window_id: '1e3' },
    { scope: null },
  ])('a line of budgets that no statement writes is a broken store: %j', async (wrong) => {
    const line = { scope: 'node', place: 1, window_id: '5', limit_nanos: '5', spent: '3', held: '4', ...wrong }
    const run = async ({ name }: { readonly name?: string }): Promise<{ rows: readonly unknown[] }> =>
      await Promise.resolve({ rows: name === 'lines' ? [line] : [{ open: 0 }] })
    expect(await codeOf(async () => await readLines({ schema: 's', run } as never))).toBe('STORE_CORRUPTED')
  })

  it('a link of the dashboard to a name with half of a character is a link', async () => {
    const place = new URL('../../src/dashboard/state/route.ts', import.meta.url).href
    const { hrefOf } = (await import(place)) as { readonly hrefOf: (page: string, id: string) => string }
    expect(hrefOf('peers', 'a\ud800/')).toBe('#/peers/a%EF%BF%BD%2F')
  })
})
