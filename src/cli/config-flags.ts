import type { ConfigDocument } from '../node/config/config-document.ts'
import { numberFlag, textFlag, type Flags, type FlagTable } from './flags.ts'

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
  return { ...configOfArtefactFlags(flags), ...(Object.keys(server).length > 0 && { server }) }
}
