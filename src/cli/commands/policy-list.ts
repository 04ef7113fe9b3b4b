import type { JsonValue } from '../../base/canonical-json.ts'
import { formatBytes } from '../../base/format.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { formatTable, type Column } from '../format-table.ts'
import { listOf, membersOf, numberOf, textOf, textsOf } from '../registered-policies.ts'
import { useControl } from '../running-control.ts'

const COLUMNS: readonly Column[] = [
  { heading: 'version' },
  { heading: 'place' },
  { heading: 'made at' },
  { heading: 'family' },
  { heading: 'rows', align: 'right' },
  { heading: 'size', align: 'right' },
  { heading: 'gate' },
  { heading: 'parent', isFlexible: true },
]

/** Whether a report was judged by what the gate asks for by itself. */
function boundsOf(gate: JsonValue): string {
  const changed = listOf(gate, 'changed_thresholds')
  if (changed.length === 0) return ''
  return changed.some((one) => membersOf(one)['is_relaxed'] === true) ? ', relaxed' : ', stricter'
}

/** What is in the registry. */
export const policyListCommand: Command = {
  name: 'policy list',
  summary: 'show the trained policies of this node, and which of them serves',
  synopsis: '',
  flags: {},
  details: [
    'While a node serves from the data directory, it is asked. Versions that are damaged are named; `kernell policy remove VERSION --yes` takes them away.',
  ],
  examples: ['kernell policy list', 'kernell policy list --json'],
  async run(context) {
    const { terminal, isJson } = context
    const answer = await useControl(context, async ({ ask }) => await ask({ op: 'list' }))
    if (isJson) {
      terminal.printJson(answer)
      return EXIT_CODES.done
    }
    const rows = listOf(answer, 'policies').map((policy) => {
      const [gate] = listOf(policy, 'gates')
      const verdict = membersOf(gate)['has_passed'] === true ? 'passed' : 'refused'
      return [
        textOf(policy, 'version'),
        textOf(policy, 'place') || '-',
        textOf(policy, 'made_at').slice(0, 19),
        textOf(policy, 'family'),
        String(numberOf(policy, 'rows') ?? '-'),
        formatBytes(numberOf(policy, 'size_bytes') ?? 0),
        gate === undefined ? '-' : `${verdict} against ${textOf(gate, 'against')}${boundsOf(gate)}`,
        textOf(policy, 'parent') || '-',
      ]
    })
    const damaged = textsOf(answer, 'damaged').map((version) => `Damaged: ${version}`)
    const none = 'No policy is registered. Train one: `kernell policy train --data rows.jsonl --output policy.json`'
    terminal.print([rows.length === 0 ? none : formatTable(COLUMNS, rows, terminal.cutWidth), ...damaged].join('\n'))
    return EXIT_CODES.done
  },
}
