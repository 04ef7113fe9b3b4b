/** Why the answer to a prompt may not be given for another wording. */
export type EligibilityRefusal = 'empty' | 'too-long' | 'depends-on-time' | 'depends-on-user'

/** Longer prompts carry material whose details matter; they are answered by the exact tier only. UTF-16 units. */
export const SIMILAR_PROMPT_LENGTH_MAX = 1_000

/** Words that tie an answer to the moment it is asked. */
const TIME = new RegExp(
  '\\b(?:today|tonight|tomorrow|yesterday|now|nowadays|currently|latest|newest|upcoming|recent|recently|so far|at the moment|the current|' +
    '(?:this|next|last|past|current) (?:second|minute|hour|morning|afternoon|evening|night|week|weekend|month|quarter|season|year)|' +
    'what time|what day|what date|weather|forecast|breaking|headlines|live score|exchange rate|(?:stock|share) price)\\b',
  'i',
)

/** Words that tie an answer to who asks, or to something only this conversation has. */
const USER_STATE = new RegExp(
  '\\b(?:my (?:account|accounts|order|orders|balance|subscription|invoice|invoices|inbox|email|emails|mailbox|calendar|schedule|meeting|meetings|' +
    'appointment|appointments|cart|basket|files?|folders?|documents?|repository|repo|codebase|notes|location|address|messages?|tickets?|tasks|to-?do)|' +
    'near me|where am i|who am i|(?:the|this) (?:above|attached|attachment|following|conversation|chat|document|file|image|picture|screenshot)|' +
    'above (?:text|code|question|message|paragraph|example)|previous (?:message|answer|question|response|chat)|(?:you|i) (?:just )?(?:said|told|mentioned|wrote)|' +
    'last (?:message|answer|response)|attached)\\b',
  'i',
)

/**
 * Whether the wording alone makes a prompt unfit for the similarity tier. Cautious in the direction that costs a call, not a wrong answer.
 * `undefined` when nothing speaks against it.
 */
export function eligibilityRefusal(prompt: string): EligibilityRefusal | undefined {
  if (prompt.length > SIMILAR_PROMPT_LENGTH_MAX) return 'too-long'
  if (prompt.trim() === '') return 'empty'
  if (TIME.test(prompt)) return 'depends-on-time'
  return USER_STATE.test(prompt) ? 'depends-on-user' : undefined
}
