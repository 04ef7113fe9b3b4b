import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatPolicyArtefact, parsePolicyArtefact } from '../../src/core/policy/policy-artefact.ts'
import { trainPolicyOnFiles } from '../../src/node/learning/training/train-policy.ts'
import { loggedRows, recordedRows } from '../node/learning/judged-data.ts'
import { makeFolder, removeFolders, runBinary, type BinaryRun } from './run-binary.ts'

let folder = ''

beforeAll(async () => {
  folder = makeFolder()
  writeFileSync(join(folder, 'train.jsonl'), recordedRows({ rows: 600, seed: 1 }))
  writeFileSync(join(folder, 'blind.jsonl'), recordedRows({ rows: 300, seed: 2, isBlind: true }))
  writeFileSync(join(folder, 'test.jsonl'), recordedRows({ rows: 1200, seed: 3 }))
  for (const [data, output] of [
    ['train', 'knows'],
    ['blind', 'guesses'],
  ] as const) {
    const { text } = await trainPolicyOnFiles({
      files: [join(folder, `${data}.jsonl`)],
      family: 'linear',
      seed: 1,
      checkpointFolder: join(folder, 'training'),
      isResumed: false,
    })
    writeFileSync(join(folder, `${output}.json`), text)
  }
  // As versions before wrote it: nothing says what it was trained on.
  const { lineage, ...knows } = parsePolicyArtefact(readFileSync(join(folder, 'knows.json'), 'utf8'))
  const { training: _training, ...silent } = lineage
  writeFileSync(join(folder, 'silent.json'), formatPolicyArtefact({ ...knows, lineage: silent }))
}, 60_000)
afterAll(removeFolders)

const run = async (...words: readonly string[]): Promise<BinaryRun> =>
  await runBinary(['policy', 'evaluate', ...words, '--json'], { folder })
const documentOf = ({ output }: BinaryRun): Record<string, unknown> => JSON.parse(output) as Record<string, unknown>

type Gate = {
  readonly has_passed: boolean
  readonly checks: readonly { readonly name: string; readonly has_passed: boolean; readonly figure: number | null }[]
}

function refusalsOf(document: Record<string, unknown>): readonly string[] {
  const { checks } = document['gate'] as Gate
  return checks.filter((check) => !check.has_passed).map(({ name }) => name)
}

describe('kernell policy evaluate', () => {
  it('lets a better policy pass, and keeps the signed report with the version', { timeout: 60_000 }, async () => {
    const gated = await run(
      'knows.json',
      '--against',
      'guesses.json',
      '--data',
      'test.jsonl',
      '--gate',
      '--report',
      'report.json',
    )
    const document = documentOf(gated)
    expect([gated.code, refusalsOf(document)]).toEqual([0, []])
    expect(document).toMatchObject({
      rows: 1200,
      undecided: 0,
      gate: { has_passed: true },
      data: { leakage: 'passed', training_overlap: 0, overlap_checked_by: 'artefact' },
    })
    const estimates = document['estimates'] as readonly {
      readonly estimator: string
      readonly metric: string
      readonly difference: { readonly value: number; readonly ci95: readonly [number, number] }
    }[]
    const right = estimates.filter(({ metric }) => metric === 'success')
    expect(right.map(({ estimator }) => estimator)).toEqual(['replay'])
    // Nobody logged a question file: there is no log to weigh.
    expect(document['refused']).toMatchObject([{ by: 'log', reason: 'no-propensities' }])
    // The models are right in 95 and 35 of 100 cases. Who does not know which one to ask is right with the first in 65, and asks the other one
    // where a wrong answer is caught: that is how it would be served, and it leaves a third of the thirty points.
    const { incumbent, assumed_catches: catches } = document['cascades'] as Record<string, number>
    expect([catches, (incumbent ?? 0) > 0.3]).toEqual([0.5, true])
    for (const { difference } of right) {
      expect(difference.value).toBeGreaterThan(0.05)
      expect(difference.ci95[0]).toBeLessThan(difference.value)
    }
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Record<string, unknown>
    expect(Object.keys(report)).toEqual(['public_key', 'report', 'signature'])
    expect(report['report']).toMatchObject({ evidence: { cascades: { incumbent, verifier: { catches: 0.5 } } } })
    const uncaught = await run('knows.json', '--against', 'guesses.json', '--data', 'test.jsonl', '--catches', '0')
    const [first] = documentOf(uncaught)['estimates'] as typeof estimates
    // A check that catches nothing leaves the first answer as it is.
    expect(first?.difference.value).toBeGreaterThan(0.2)
    const { lineage } = parsePolicyArtefact(readFileSync(join(folder, 'knows.json'), 'utf8'))
    expect(report['report']).toMatchObject({
      data: { overlap_checked_by: 'artefact', trained_on: lineage.training?.files.map(({ sha256 }) => sha256) },
    })
    const shown = await runBinary(['policy', 'show', String(document['candidate']), '--json'], { folder })
    expect(documentOf(shown)).toMatchObject({
      policy: { gates: [{ has_passed: true, against: document['incumbent'] }] },
    })
  })

  it(
    'exits 3 for a policy that was trained on what judges it, or on nobody knows what',
    { timeout: 60_000 },
    async () => {
      const lines = (name: string): readonly string[] => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n')
      writeFileSync(
        join(folder, 'mixed.jsonl'),
        [...lines('test.jsonl'), ...lines('train.jsonl').slice(0, 7)].join('\n'),
      )
      const own = await run('knows.json', '--against', 'guesses.json', '--data', 'mixed.jsonl', '--gate')
      expect([own.code, documentOf(own)['error']]).toMatchObject([
        3,
        {
          code: 'POLICY_TRAINED_ON_TEST',
          message: expect.stringMatching(
            /^7 of the 1207 rows are of tasks that policy-1-[0-9a-f]{12} was trained on$/,
          ) as string,
          details: {
            overlap: 7,
            checked_by: 'artefact',
            remedy: expect.stringContaining('kernell data split') as string,
          },
        },
      ])
      const asked = await run('knows.json', '--against', 'guesses.json', '--data', 'mixed.jsonl')
      expect([asked.code, documentOf(asked)['data']]).toMatchObject([0, { training_overlap: 7 }])
      const judge = ['silent.json', '--against', 'guesses.json', '--gate', '--data', 'test.jsonl']
      const named = await run(...judge, '--trained-on', 'train.jsonl', 'test.jsonl')
      expect([named.code, documentOf(named)['error']]).toMatchObject([
        3,
        { code: 'POLICY_TRAINED_ON_TEST', details: { overlap: 1200, checked_by: 'files' } },
      ])
      const unknown = await run(...judge)
      expect([unknown.code, refusalsOf(documentOf(unknown))]).toEqual([3, ['overlap']])
      const clean = await run(...judge, '--trained-on', 'train.jsonl')
      expect([clean.code, documentOf(clean)['data']]).toMatchObject([0, { overlap_checked_by: 'files' }])
    },
  )

  it('says where what the gate allows is then taken back by the watch', { timeout: 60_000 }, async () => {
    const judge = ['knows.json', '--against', 'guesses.json', '--data', 'test.jsonl', '--gate']
    const dear = await run(...judge, '--cost-tolerance', 'any')
    expect(dear.code).toBe(0)
    expect(dear.errors).toContain('takes back a candidate that costs 25 % more')
    expect(dear.errors).toContain('policy.rollout.slo.costMargin')
    expect((await run(...judge)).errors).not.toContain('costMargin')
    writeFileSync(join(folder, 'floored.jsonc'), '{ "policy": { "gate": { "costTolerance": 0.5 } } }')
    const loose = await runBinary(
      ['policy', 'evaluate', ...judge, '--cost-tolerance', 'any', '--config', 'floored.jsonc', '--json'],
      { folder },
    )
    expect([loose.code, loose.output + loose.errors]).toEqual([
      2,
      expect.stringContaining('Looser than `policy.gate` of the configuration allows: costTolerance'),
    ])
  })

  it('tells no more from the same rows given several times', { timeout: 60_000 }, async () => {
    // Prices of the two models are the same, so that nothing but the number of rows could make a difference.
    writeFileSync(join(folder, 'few.jsonl'), recordedRows({ rows: 300, seed: 4 }))
    const judge = ['knows.json', '--against', 'guesses.json', '--gate', '--data']
    const once = documentOf(await run(...judge, 'few.jsonl'))
    const often = documentOf(await run(...judge, 'few.jsonl', 'few.jsonl', 'few.jsonl', 'few.jsonl'))
    const checksOf = (document: Record<string, unknown>): readonly string[] =>
      (document['gate'] as Gate).checks.map(({ name, figure }) => `${name} ${figure?.toFixed(9)}`)
    expect([once['rows'], often['rows']]).toEqual([300, 1200])
    expect(checksOf(often)).toEqual(checksOf(once))
    expect(refusalsOf(often)).toContain('rows')
  })

  it('exits 3 for a policy beside itself', { timeout: 60_000 }, async () => {
    const same = await run('knows.json', '--against', 'knows.json', '--data', 'test.jsonl', '--gate')
    expect([same.code, refusalsOf(documentOf(same))]).toEqual([3, ['quality']])
  })

  it('draws the curve with the baselines, as SVG and as PNG', { timeout: 60_000 }, async () => {
    const drawn = await run('knows.json', '--against', 'priors', '--data', 'test.jsonl', '--plot', 'curve.svg')
    expect(drawn.code).toBe(0)
    const svg = readFileSync(join(folder, 'curve.svg'), 'utf8')
    for (const name of ['always-cheap', 'always-premium', 'random mix', 'oracle', 'priors-1'])
      expect(svg).toContain(`>${name}<`)
    const names = new Set((documentOf(drawn)['curve'] as readonly { readonly name: string }[]).map(({ name }) => name))
    expect([...names]).toContain('random-mix')
    expect((await run('knows.json', '--against', 'priors', '--data', 'test.jsonl', '--plot', 'curve.png')).code).toBe(0)
    expect(readFileSync(join(folder, 'curve.png')).subarray(1, 4).toString('latin1')).toBe('PNG')
  })

  it('prints a table, each check, and the word of the gate', { timeout: 60_000 }, async () => {
    const words = ['policy', 'evaluate', 'silent.json', '--against', 'guesses.json', '--data', 'test.jsonl', '--gate']
    const { output, code } = await runBinary(words, { folder })
    expect(code).toBe(3)
    expect(output).toMatch(/right +replay/)
    expect(output).toContain('REFUSED  overlap: It is not known which tasks the candidate was trained on')
    expect(output).toContain('passed   quality')
    expect(output.trimEnd().split('\n').at(-1)).toBe('The candidate may not take over')
  })

  it.each([
    ['no policy', ['--data', 'test.jsonl'], 2, 'COMMAND_INVALID'],
    ['no data', ['knows.json', '--against', 'priors'], 2, 'COMMAND_INVALID'],
    ['a plot of another kind', ['knows.json', '--data', 'test.jsonl', '--plot', 'curve.gif'], 2, 'COMMAND_INVALID'],
    ['the priors', ['priors', '--data', 'test.jsonl'], 2, 'COMMAND_INVALID'],
    ['a version that is not there', ['policy-1-000000000000', '--data', 'test.jsonl'], 1, 'POLICY_UNKNOWN'],
    [
      'a file that is no policy',
      ['test.jsonl', '--against', 'priors', '--data', 'test.jsonl'],
      1,
      'POLICY_ARTEFACT_INVALID',
    ],
  ])('refuses %s', { timeout: 60_000 }, async (_, words, code, errorCode) => {
    const refused = await run(...words)
    expect([refused.code, (documentOf(refused)['error'] as Record<string, unknown>)['code']]).toEqual([code, errorCode])
  })
})

describe('kernell data savings', () => {
  it('estimates what others would have cost, and says what was never tried', { timeout: 60_000 }, async () => {
    const from = '2026-01-01T00:00:00Z'
    writeFileSync(join(folder, 'log.jsonl'), loggedRows({ rows: 3000, seed: 4, premiumShare: 0.2, from }))
    writeFileSync(join(folder, 'greedy.jsonl'), loggedRows({ rows: 3000, seed: 4, premiumShare: 0, from }))
    const saved = documentOf(await runBinary(['data', 'savings', '--input', 'log.jsonl', '--json'], { folder }))
    const rows = saved['baselines'] as readonly {
      readonly baseline: string
      readonly saved_usd?: { readonly value: number; readonly ci95: readonly [number, number] }
      readonly quality_gain?: { readonly value: number }
    }[]
    expect(rows.map(({ baseline }) => baseline)).toEqual(['always-cheap', 'always-premium', 'random-mix', 'priors'])
    // A fifth of the tasks cost a cent; always premium, all of them would have.
    expect(rows[1]?.saved_usd?.value).toBeCloseTo(0.008, 3)
    expect(rows[1]?.saved_usd?.ci95[0]).toBeLessThan(0.0081)
    expect(rows[1]?.quality_gain?.value).toBeCloseTo(-0.16, 1)
    const greedy = documentOf(await runBinary(['data', 'savings', '--input', 'greedy.jsonl', '--json'], { folder }))
    expect(greedy['baselines']).toContainEqual({
      baseline: 'always-premium',
      is_supported: false,
      because: 'The baseline always-premium does what the log never did in 100.0 % of tasks; at most 5.0 %',
    })
  })
})

describe('kernell data drift', () => {
  it('sees that another model answers, in the last days or beside a reference', { timeout: 60_000 }, async () => {
    const before = loggedRows({ rows: 2000, seed: 5, premiumShare: 0.2, from: '2026-01-01T00:00:00Z' })
    const after = loggedRows({ rows: 1000, seed: 6, premiumShare: 0.8, from: '2026-01-15T00:00:00Z' })
    writeFileSync(join(folder, 'before.jsonl'), before)
    writeFileSync(join(folder, 'both.jsonl'), before + after)
    const drifted = documentOf(await runBinary(['data', 'drift', '--input', 'both.jsonl', '--json'], { folder }))
    expect(drifted).toMatchObject({ state: 'drifted', recent_rows: 1000 + 0 })
    expect((drifted['figures'] as readonly { readonly name: string }[]).slice(0, 2).map(({ name }) => name)).toEqual([
      'model',
      'tier',
    ])
    const same = await runBinary(['data', 'drift', '--input', 'before.jsonl', '--reference', 'before.jsonl'], {
      folder,
    })
    expect(same.output).toMatch(/^stable: 2000 recent tasks beside 2000/)
  })
})
