import { CodedError } from '../../base/errors.ts'
import { viewParameters } from '../../node/market/parameter-views.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { usageError } from '../flags.ts'

/** Parameter sets by name. */
export const governanceListCommand: Command = {
  name: 'governance list',
  summary: 'show the parameter sets that contracts may pin',
  synopsis: '',
  flags: {},
  details: [
    'Notaries publish `default` in their books, and `trial` where their operator starts them with --trial: it allows spans down to 100 ms and is for trying things out. A contract pins one by its hash and keeps to it to its end, whatever is decided later.',
  ],
  examples: ['kernell governance list', 'kernell governance list --json'],
  async run({ terminal, isJson }) {
    const sets = viewParameters()
    if (isJson) terminal.printJson({ parameterSets: sets.map(({ name, hash }) => ({ name, hash })) })
    else terminal.print(sets.map(({ name, hash }) => `${hash}  ${name}`).join('\n'))
    return await Promise.resolve(EXIT_CODES.done)
  },
}

/** One parameter set with its values. */
export const governanceShowCommand: Command = {
  name: 'governance show',
  summary: 'show the values of a parameter set',
  synopsis: 'NAME|HASH',
  positionalsMax: 1,
  flags: {},
  examples: ['kernell governance show default', 'kernell governance show trial --json'],
  async run({ positionals, terminal, isJson }) {
    const [wanted] = positionals
    if (wanted === undefined) throw usageError('Name the parameter set: a name or a hash of `kernell governance list`')
    const set = viewParameters().find(({ name, hash }) => name === wanted || hash === wanted)
    if (set === undefined)
      throw new CodedError('MARKET_OBJECT_UNKNOWN', { message: `There is no parameter set ${wanted}` })
    if (isJson) terminal.printJson(set)
    else {
      const values = Object.entries(set.values).map(([name, value]) => `  ${name.padEnd(30)} ${value}`)
      terminal.print([`${set.name}  ${set.hash}`, ...values].join('\n'))
    }
    return await Promise.resolve(EXIT_CODES.done)
  },
}
