import type { TaskRisk } from '../routing/task-outcome.ts'

/** One reason for a risk: the area, the level and the words that matched, for people and for the record. */
export type RiskFinding = { readonly area: RiskArea; readonly level: 'medium' | 'high'; readonly words: string }

export type RiskArea = 'payments' | 'authentication' | 'security' | 'medical' | 'legal' | 'irreversible'

export type RiskAssessment = { readonly risk: TaskRisk; readonly findings: readonly RiskFinding[] }

type Rule = { readonly area: RiskArea; readonly level: 'medium' | 'high'; readonly pattern: RegExp }

/**
 * High: the task asks to act, or to advise someone on an act, where a wrong answer costs money, access, health, rights or
 * data. Medium: the task touches such an area (a question about it is not yet an act). Patterns are written so that their
 * time is linear in the text: no repetition inside a repetition.
 */
const RULES: readonly Rule[] = [
  {
    area: 'payments',
    level: 'high',
    pattern:
      /\b(?:transfer|wire|send|pay|refund|withdraw|charge)\s+(?:the\s+|all\s+|my\s+|him\s+|her\s+|them\s+)?(?:[$€£]\s?\d|\d[\d,.]*\s?(?:dollars|usd|eur|euros|pounds|btc|eth)\b)/i,
  },
  {
    area: 'payments',
    level: 'high',
    pattern:
      /\b(?:execute|approve|authorize|authorise|initiate|process) (?:the |a |this |my )?(?:payment|transfer|refund|wire|payout|withdrawal|transaction)\b/i,
  },
  {
    area: 'payments',
    level: 'medium',
    pattern:
      /\b(?:credit card|card number|cvv|iban|bank account|payment gateway|payment method|chargeback|payout|invoice payment)\b/i,
  },
  {
    area: 'authentication',
    level: 'high',
    pattern:
      /\b(?:reset|change|disable|bypass|remove|share|reveal|grant) (?:the |my |all |his |her |their |root |admin )?(?:password|passwords|2fa|mfa|two-factor|admin access|root access|credentials|api keys?|private keys?|permissions)\b/i,
  },
  {
    area: 'authentication',
    level: 'medium',
    pattern:
      /\b(?:passwords?|oauth|single sign-on|session tokens?|jwt|api keys?|private keys?|credentials|two-factor|access control|login flow)\b/i,
  },
  {
    area: 'security',
    level: 'high',
    pattern:
      /\b(?:exploit|bypass|disable|turn off|open) (?:the |this |our |a |all )?(?:firewall|vulnerability|antivirus|encryption|authentication|security|ssl|tls|sandbox|port)\b/i,
  },
  {
    area: 'security',
    level: 'medium',
    pattern:
      /\b(?:vulnerabilit(?:y|ies)|sql injection|xss|csrf|malware|ransomware|penetration test\w*|encryption key|data breach|remote code execution)\b/i,
  },
  {
    area: 'medical',
    level: 'high',
    pattern:
      /\b(?:my|should i|can i|i have|i am|i'm|i take|my (?:son|daughter|child|baby|wife|husband|mother|father))\b[^.?!\n]{0,80}\b(?:dose|dosage|medications?|medicines?|mg|chest pain|overdose|symptoms?|insulin|antidepressants?|blood pressure|pregnant|suicidal)\b/i,
  },
  {
    area: 'medical',
    level: 'high',
    pattern:
      /\b(?:prescribe|what dose|which dose|dosage (?:of|for)|stop taking|lethal dose|diagnose (?:me|my|this patient))\b/i,
  },
  {
    area: 'medical',
    level: 'medium',
    pattern:
      /\b(?:patients?|diagnosis|prescription|drug interactions?|clinical trial|chemotherapy|surgery|medication|contraindicat\w+)\b/i,
  },
  {
    area: 'legal',
    level: 'high',
    pattern:
      /\b(?:should i|can i|can we|my|our|am i)\b[^.?!\n]{0,80}\b(?:sue|lawsuit|evict(?:ed|ion)?|custody|plead|divorce settlement|subpoena|deport(?:ed|ation)?|visa appeal|arrested|liable)\b/i,
  },
  {
    area: 'legal',
    level: 'high',
    pattern:
      /\b(?:draft|write|review|sign) (?:a |an |the |this |my |our )?(?:legally binding|contract|nda|will and testament|settlement agreement|power of attorney|lease agreement)\b/i,
  },
  {
    area: 'legal',
    level: 'medium',
    pattern:
      /\b(?:lawsuit|plaintiff|defendant|liability clause|gdpr|hipaa|statute|jurisdiction|intellectual property|breach of contract|tort)\b/i,
  },
  {
    area: 'irreversible',
    level: 'high',
    pattern:
      /\brm -rf?\b|\bdrop (?:table|database)\b|\btruncate table\b|\bformat (?:c:|the disk|the drive)|\bgit push --force\b|\bshutdown -h\b/i,
  },
  {
    area: 'irreversible',
    level: 'high',
    pattern:
      /\b(?:delete|erase|wipe|destroy|purge|overwrite|remove) (?:all|every|the entire|the whole|the production|our production|permanently)\b/i,
  },
  {
    area: 'irreversible',
    level: 'high',
    pattern:
      /\b(?:permanently|irreversibly) (?:delete|erase|remove|close|cancel|terminate)\b|\bdeploy (?:it |this |that )?to production\b|\bterminate (?:the |all )?(?:employees?|accounts?|instances)\b/i,
  },
  {
    area: 'irreversible',
    level: 'medium',
    pattern: /\b(?:cannot be undone|irreversible|production database|factory reset|delete my account)\b/i,
  },
]

/** Most of a prompt that is searched, in UTF-16 code units; the head and the tail when it is longer. */
const SEARCH_MAX = 8192

/** Looks for the areas in which a wrong answer does harm. The first match of each rule is reported. */
export function assessRisk(prompt: string): RiskAssessment {
  const text =
    prompt.length <= SEARCH_MAX ? prompt : `${prompt.slice(0, SEARCH_MAX / 2)}\n${prompt.slice(-SEARCH_MAX / 2)}`
  const findings: RiskFinding[] = []
  for (const { area, level, pattern } of RULES) {
    const words = pattern.exec(text)?.[0]
    if (words !== undefined) findings.push({ area, level, words })
  }
  let risk: TaskRisk = 'low'
  if (findings.some(({ level }) => level === 'high')) risk = 'high'
  else if (findings.length > 0) risk = 'medium'
  return { risk, findings }
}
