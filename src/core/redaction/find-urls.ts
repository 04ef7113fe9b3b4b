import { DIGIT, type Reading, TOKEN, WORD } from './character-classes.ts'
import { isMixed } from './find-tokens.ts'

type Place = { readonly start: number; readonly end: number }

/** Addresses that let whoever knows them post: what follows is the secret. */
const HOOKS = [
  'hooks.slack.com/services/',
  'hooks.slack.com/workflows/',
  'hooks.slack.com/triggers/',
  'discord.com/api/webhooks/',
  'discordapp.com/api/webhooks/',
]
const HOOK_LENGTH_LEAST = 12

/** The secret part of the address of a webhook whose host begins here. */
export function webhookAt(reading: Reading, start: number): Place | undefined {
  const hook = HOOKS.find((known) => reading.goesOnWith(known, start))
  if (hook === undefined) return undefined
  const from = start + hook.length
  const end = reading.endOf(from, TOKEN)
  return end - from < HOOK_LENGTH_LEAST ? undefined : { start: from, end }
}

const BOT = 'bot'
const BOT_ID_LEAST = 6
const BOT_ID_MOST = 12
const BOT_SECRET_LEAST = 30

/** The token of a bot of Telegram: its number, a colon and a secret; in addresses `bot` stands before. */
export function botTokenAt(reading: Reading, start: number): Place | undefined {
  const from = reading.goesOnWith(BOT, start) ? start + BOT.length : start
  const colon = reading.endOf(from, DIGIT, from + BOT_ID_MOST)
  if (colon - from < BOT_ID_LEAST || reading.text[colon] !== ':') return undefined
  const end = reading.endOf(colon + 1, WORD, colon + 65)
  if (end - colon - 1 < BOT_SECRET_LEAST || !isMixed(reading, colon + 1, end)) return undefined
  return { start: from, end: reading.endOf(end, WORD) }
}

const USER_INFO_MAX = 512
/** A path begins, or a query, or a fragment: in addresses of the web no password goes on behind it. */
const AFTER_HOST = '/?#'

/**
 * The password of a URL whose `//` begins here: `//user:password@`, up to the last `@`, since passwords are written with one unescaped. In addresses of databases they
 * are written with a slash as well; there a number behind the colon is a port.
 */
export function userInfoAt(reading: Reading, slashes: number): Place | undefined {
  const { text } = reading
  const from = slashes + 2
  const isWeb = ['http:', 'https:', 'ws:', 'wss:'].some((scheme) => reading.goesOnWith(scheme, slashes - scheme.length))
  const isStrict = isWeb || text[slashes - 1] !== ':'
  let colon: number | undefined
  let sign: number | undefined
  for (let at = from; at < from + USER_INFO_MAX && at < text.length; at += 1) {
    reading.steps += 1
    const character = text.charAt(at)
    if (character === '@') {
      if (colon === undefined) return undefined
      sign = at
    } else if (character === ':') colon ??= at
    else if (character <= ' ' || character === '"' || character === '<' || character === '>') break
    else if (AFTER_HOST.includes(character)) {
      // What begins with `//` again is another address, and is read when it comes.
      if (isStrict || colon === undefined || text[at + 1] === '/' || isPort(text.slice(colon + 1, at))) break
    }
  }
  return colon === undefined || sign === undefined || sign - colon < 2 ? undefined : { start: colon + 1, end: sign }
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text)
}
