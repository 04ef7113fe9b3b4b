import type { KeptAnswer, PartyOutbox } from './outbox.ts'
import type { Wallet } from './accounts/wallet.ts'

type Sayer = { readonly wallet: Pick<Wallet, 'said'>; readonly outbox: Pick<PartyOutbox, 'answerOf'> }

/**
 * The try of an act that is due: the one that waits for its answer, or the first that nothing was said for. A message that was answered never becomes another answer,
 * so that what was refused for a reason that passes, and what expired while nobody could be reached, needs another message.
 *
 * @param isOver  Whether an answer ends a try; absent: refusals do, and what was done is not said again. Whoever ends one that was done has looked at what the books
 *   say now.
 */
export function dueTryOf(
  { wallet, outbox }: Sayer,
  act: string,
  isOver: (answer: KeptAnswer) => boolean = isRefused,
): string {
  for (let tries = 0; ; tries += 1) {
    const name = tries === 0 ? act : `${act}/${tries}`
    const said = wallet.said(name)
    const answer = said && outbox.answerOf(said)
    if (answer === undefined || !isOver(answer)) return name
  }
}

function isRefused({ effect }: KeptAnswer): boolean {
  return effect === 'refused'
}
