import { checkEnvelope, type EnvelopeCheck } from '../../node/market/copies/check-envelope.ts'
import type { Command } from '../command.ts'
import { readEnvelopeFile } from '../envelope-file.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, usageError } from '../flags.ts'
import { currentTime } from '../../node/market/current-time.ts'

/** Judges one signed message by its bytes alone. */
export const envelopeCheckCommand: Command = {
  name: 'envelope check',
  summary: 'say whether a signed message is accepted, and why not',
  synopsis: 'FILE',
  positionalsMax: 1,
  flags: { 'at-now': { describe: 'also ask whether it is in time by the clock of this machine' } },
  details: [
    'FILE holds the bytes of one envelope exactly as they were sent, without a line end. Form, shape, hashes and the signature are checked; nothing else is needed. protocol/spec/envelope.md has the rules.',
    'Exit 3 for a message that is refused.',
  ],
  examples: ['kernell envelope check offer.json', 'kernell envelope check offer.json --at-now --json'],
  async run(context) {
    const { positionals, flags, terminal, isJson } = context
    const [file] = positionals
    if (file === undefined) throw usageError('Name the file of the envelope')
    const bytes = readEnvelopeFile(context, file)
    const check = checkEnvelope(bytes, isFlagSet(flags, 'at-now') ? { now: currentTime() } : {})
    if (isJson) terminal.printJson(check)
    else terminal.print(format(check))
    return await Promise.resolve(check.verdict === 'accepted' ? EXIT_CODES.done : EXIT_CODES.refused)
  },
}

function format(check: EnvelopeCheck): string {
  const { verdict, code, type, hash, issuer, audience, cause, remedy, reason } = check
  if (verdict === 'refused')
    return [`refused: ${code ?? ''}${reason === undefined ? '' : ` (${reason})`}`, cause, remedy].join('\n')
  return [`accepted: ${type ?? ''}`, `hash  ${hash ?? ''}`, `from  ${issuer ?? ''}`, `to    ${audience ?? ''}`].join(
    '\n',
  )
}
