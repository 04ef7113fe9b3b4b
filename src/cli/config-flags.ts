import type { ConfigDocument } from '../node/config/config-document.ts'
import { isFlagSet, numberFlag, textFlag, usageError, type Flags, type FlagTable } from './flags.ts'

/** Flags of commands that answer tasks: artefacts of an evaluation. */
export const ARTEFACT_FLAGS: FlagTable = {
  policy: { value: 'FILE', describe: 'trained policy, written by `kernell eval routing --save`' },
  'injection-model': {
    value: 'FILE',
    describe: 'model of prompt injections, written by `kernell eval injection --save`',
  },
  'cache-calibration': { value: 'FILE', describe: 'cache calibration, written by `kernell eval cache --save`' },
}

export const SERVING_FLAGS: FlagTable = {
  host: { value: 'ADDRESS', describe: 'address to listen on (default 127.0.0.1); beyond loopback, keys are required' },
  port: { value: 'N', describe: 'port (default 8787); 0 lets the system choose' },
  'log-level': { value: 'LEVEL', describe: 'trace, debug, info (default), warn, error, fatal or silent' },
  'log-format': { value: 'FORMAT', describe: 'auto (default), json or pretty' },
  'access-log': { describe: 'a line of the log for each request' },
  ...ARTEFACT_FLAGS,
}

/** What the artefact flags say, in the form of the configuration file. */
export function configOfArtefactFlags(flags: Flags): ConfigDocument {
  const artefact = textFlag(flags, 'policy')
  const calibration = textFlag(flags, 'cache-calibration')
  const injection = textFlag(flags, 'injection-model')
  return {
    ...(artefact !== undefined && { policy: { artefact } }),
    ...(calibration !== undefined && { cache: { calibration } }),
    ...(injection !== undefined && { untrusted: { model: injection } }),
  }
}

/** The same for `serve`. Throws `COMMAND_INVALID` for a port that is none. */
export function configOfServingFlags(flags: Flags): ConfigDocument {
  const host = textFlag(flags, 'host')
  const port = numberFlag(flags, 'port', { min: 0, max: 65_535, isWhole: true })
  const server = { ...(host !== undefined && { host }), ...(port !== undefined && { port }) }
  const log = configOfLogFlags(flags)
  return {
    ...configOfArtefactFlags(flags),
    ...(Object.keys(server).length > 0 && { server }),
    ...(Object.keys(log).length > 0 && { log }),
  }
}

const LOG_FORMATS = ['auto', 'json', 'pretty'] as const
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

function configOfLogFlags(flags: Flags): NonNullable<ConfigDocument['log']> {
  const level = wordOf(flags, 'log-level', LOG_LEVELS)
  const format = wordOf(flags, 'log-format', LOG_FORMATS)
  return {
    ...(level !== undefined && { level }),
    ...(format !== undefined && { format }),
    ...(isFlagSet(flags, 'access-log') && { access: true }),
  }
}

function wordOf<Word extends string>(flags: Flags, name: string, words: readonly Word[]): Word | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  const word = words.find((candidate) => candidate === text)
  if (word === undefined) throw usageError(`--${name} must be one of ${words.join(', ')}`)
  return word
}
