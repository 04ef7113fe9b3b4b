import type { JsonValue } from '../../base/canonical-json.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, textFlag } from '../flags.ts'
import { membersOf, textOf } from '../registered-policies.ts'
import { askRights, operatorName } from '../running-control.ts'

/** Ends all work of a node, until it is released. */
export const stopAllCommand: Command = {
  name: 'stop-all',
  summary: 'cancel all work of the node and refuse more, until it is released',
  synopsis: '[--reason TEXT] | --release [--reason TEXT] | --show',
  flags: {
    reason: { value: 'TEXT', describe: 'kept in the audit journal, and told to callers' },
    release: { describe: 'let work begin again' },
    show: { describe: 'only say whether everything is stopped' },
  },
  details: [
    'Tasks and streams that run are cancelled, and what comes is refused with NODE_STOPPED, also after a restart. Money that was held for a cancelled call is charged as far as a provider may have billed it.',
    'The node is stopped while the file stopped.json is in its data directory; put there by hand, it counts from the next start on.',
  ],
  examples: ['kernell stop-all --reason "runaway agent"', 'kernell stop-all --show', 'kernell stop-all --release'],
  async run(context) {
    const { flags, isJson, terminal } = context
    const isShown = isFlagSet(flags, 'show')
    const isRelease = isFlagSet(flags, 'release')
    const request = { op: operationOf(isShown, isRelease), by: operatorName(), reason: textFlag(flags, 'reason') }
    const answer = await askRights(context, request)
    if (isJson) terminal.printJson(answer)
    else terminal.print(isShown ? describeState(answer) : describeEffect(textOf(answer, 'effect')))
    return EXIT_CODES.done
  },
}

function operationOf(isShown: boolean, isRelease: boolean): string {
  if (isShown) return 'stop-state'
  return isRelease ? 'release' : 'stop'
}

function describeEffect(effect: string): string {
  if (effect === 'stopped') return 'Everything is stopped; `kernell stop-all --release` lets work begin again'
  return effect === 'released' ? 'Work may begin again' : 'It was so already'
}

function describeState(answer: JsonValue): string {
  const stopped = membersOf(answer)['stopped'] ?? null
  if (stopped === null) return 'Work goes on'
  return `Everything is stopped, by ${textOf(stopped, 'by')}: ${textOf(stopped, 'reason') || 'no reason was given'}`
}
