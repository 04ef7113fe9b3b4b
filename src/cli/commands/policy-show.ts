import type { JsonValue } from '../../base/canonical-json.ts'
import { formatBytes } from '../../base/format.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { usageError } from '../flags.ts'
import { listOf, membersOf, numberOf, textOf, textsOf } from '../registered-policies.ts'
import { useControl } from '../running-control.ts'

/** Everything that is known of one policy. */
export const policyShowCommand: Command = {
  name: 'policy show',
  summary: 'show where a policy came from, what was measured, and what its gates said',
  synopsis: 'VERSION',
  positionalsMax: 1,
  flags: {},
  examples: ['kernell policy show policy-1-0123456789ab', 'kernell policy show policy-1-0123456789ab --json'],
  async run(context) {
    const { terminal, isJson, positionals } = context
    const [version] = positionals
    if (version === undefined) throw usageError('Name the policy: a version of `kernell policy list`')
    const answer = await useControl(context, async ({ ask }) => await ask({ op: 'show', version }))
    if (isJson) terminal.printJson(answer)
    else terminal.print(describe(answer))
    return EXIT_CODES.done
  },
}

function describe(answer: JsonValue): string {
  const policy = membersOf(answer)['policy'] ?? null
  const facts: readonly (readonly [string, string])[] = [
    ['place', textOf(policy, 'place') || 'neither serves nor is tried'],
    ['made at', textOf(policy, 'made_at')],
    ['family', textOf(policy, 'family')],
    ['models', textsOf(policy, 'candidates').join(', ')],
    ['rows', String(numberOf(policy, 'rows') ?? 'not known')],
    ['data card', textOf(policy, 'data_card_hash')],
    ['code', textOf(policy, 'code_version')],
    ['size', formatBytes(numberOf(policy, 'size_bytes') ?? 0)],
    ['sha256', textOf(policy, 'sha256')],
  ]
  const metrics = Object.entries(membersOf(membersOf(policy)['metrics'])).map(([name, value]) => [
    name,
    JSON.stringify(value),
  ])
  const table = (rows: readonly (readonly string[])[]): readonly string[] => {
    const width = Math.max(0, ...rows.map(([name = '']) => name.length))
    return rows.map(([name = '', value = '']) => `  ${name.padEnd(width)}  ${value}`)
  }
  const gates = listOf(policy, 'gates').flatMap((gate) => {
    const isPassed = membersOf(gate)['has_passed'] === true
    const line = `  ${isPassed ? 'passed ' : 'refused'} against ${textOf(gate, 'against')}, ${textOf(gate, 'at')}`
    return [
      line,
      `    report ${textOf(gate, 'sha256')}`,
      ...listOf(gate, 'changed_thresholds').map((changed) => `    ${changeOf(changed)}`),
      ...textsOf(gate, 'reasons').map((reason) => `    ${reason}`),
    ]
  })
  const missing = textOf(answer, 'missing_parent')
  const parents = [
    ...listOf(answer, 'parents').map((parent) => `  ${textOf(parent, 'version')}, ${textOf(parent, 'made_at')}`),
    ...(missing === '' ? [] : [`  ${missing} (not in the registry)`]),
  ]
  return [
    textOf(policy, 'version'),
    ...table(facts),
    ...(metrics.length === 0 ? [] : ['Measured when it was trained', ...table(metrics)]),
    ...(parents.length === 0 ? [] : ['Trained from', ...parents]),
    ...(gates.length === 0 ? ['No gate has judged it'] : ['Gates, the newest first', ...gates]),
  ].join('\n')
}

/** A threshold that is not the default. */
function changeOf(changed: JsonValue): string {
  const figure = (name: string): string => String(numberOf(changed, name) ?? 'any')
  const how = membersOf(changed)['is_relaxed'] === true ? 'relaxed' : 'changed'
  return `${how}: ${textOf(changed, 'name')} ${figure('value')}, by default ${numberOf(changed, 'default') ?? 'none'}`
}
