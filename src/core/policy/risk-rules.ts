/** An area in which a wrong answer does harm. */
export type RiskArea = 'payments' | 'authentication' | 'security' | 'medical' | 'legal' | 'irreversible'

export type RiskRule = {
  readonly area: RiskArea
  readonly level: 'medium' | 'high'
  /** Words of which every match of the pattern has at least one: only rules whose words occur are tried. */
  readonly words: readonly string[]
  /** More such words; empty when the pattern needs none beside `words`. */
  readonly alsoWords: readonly string[]
  readonly pattern: RegExp
}

/*
 * High: the task asks to act, or to advise someone on an act, where a wrong answer costs money, access, health, rights or
 * data. Medium: the task touches such an area (a question about it is not yet an act). The phrases are set by judgement,
 * not fitted. Patterns are written so that their time is linear in the text: what repeats is bounded, and its parts cannot
 * be split in two ways.
 */

/** Where someone is asked to act: a clause begins here, or a request leads to the verb. "She pays" and "how payments work" do not. */
const REQUEST = String.raw`(?<=^\s{0,8}|[^\w\s'’]\s{0,8}|\n\s{0,8}|\b(?:please|pls|kindly|just|immediately|now|then|and|(?:can|could|should|shall|may|must|do|would|will|let|help)\s+(?:i|we|you|me|us)|let's|go\s+ahead\s+and|(?:i|we|you|me|us|i'd|we'd)\s+(?:(?:want|need|like|have|try|wish|plan)\s+)?to)\s{1,8})`

/** A verb that someone is asked to do. The verb is looked for first, since looking back at every place would cost more. */
function asked(verbs: string): string {
  return String.raw`(?=${verbs})${REQUEST}${verbs}`
}

/** Up to so many words between a verb and its object; a word that makes the object a mere topic ends them. */
function upTo(words: number): string {
  return String.raw`(?:(?!(?:about|on|explaining|describing|regarding|how|why|what|that|which|story|poem|haiku|song|joke|essay|article|explanation|summary|definition|history|sentence|paragraph|function|method|class|unit|regex|component|question|quiz|smart)\b)[\w'’-]{1,30},?\s+){0,${words}}`
}

/** `a, b c` as an alternation; each phrase may end in a plural s. */
function anyOf(phrases: string): string {
  const parts = phrases.split(', ').map((phrase) => phrase.replaceAll(/[ -]/g, String.raw`[\s-]+`))
  return String.raw`\b(?:${parts.join('|')})s?\b`
}

/** The first run of letters of each phrase, with and without a plural s. */
function triggersOf(phrases: string): readonly string[] {
  return phrases.split(', ').flatMap((phrase) => {
    const word = /[a-z]+/.exec(phrase)?.[0] ?? ''
    return [word, `${word}s`]
  })
}

/** Forms, pages and code that are named after what they handle are no act. */
const NO_ARTEFACT = String.raw`(?!\s+(?:form|page|button|log|law|test|class|schema|field|api|endpoint|method|module|component|icon|chapter|type)s?\b)`

type Act = { readonly acts: string; readonly objects: string; readonly between?: number }

/** A verb that is asked for and its object, with few words between. */
function act(area: RiskArea, { acts, objects, between = 4 }: Act): RiskRule {
  return {
    area,
    level: 'high',
    words: triggersOf(acts),
    alsoWords: triggersOf(objects),
    pattern: new RegExp(String.raw`${asked(anyOf(acts))}\s+${upTo(between)}${anyOf(objects)}${NO_ARTEFACT}`, 'i'),
  }
}

/** The phrases alone. */
function mention(area: RiskArea, level: RiskRule['level'], phrases: string): RiskRule {
  return { area, level, words: triggersOf(phrases), alsoWords: [], pattern: new RegExp(anyOf(phrases), 'i') }
}

/** One of the first phrases and, later in the same sentence, one of the second. */
function together(area: RiskArea, first: string, second: string): RiskRule {
  return {
    area,
    level: 'high',
    words: triggersOf(first),
    alsoWords: triggersOf(second),
    pattern: new RegExp(String.raw`${anyOf(first)}[^.?!\n]{0,80}?${anyOf(second)}`, 'i'),
  }
}

/** A pattern of its own, with the words that every match has. */
function shaped(area: RiskArea, words: string, pattern: string): RiskRule {
  return { area, level: 'high', words: words.split(' '), alsoWords: [], pattern: new RegExp(pattern, 'i') }
}

const AMOUNT = String.raw`(?:[$€£¥₹]\s?\d|\d[\d,.]*\s?(?:k|m|thousand|million)?\s?(?:dollars|bucks|usd|eur|euros|gbp|pounds|yen|rupees|btc|bitcoins?|eth|usdc|usdt)\b|(?:all|everything|half|most)\s+(?:of\s+)?(?:my|our|the|his|her|their)\s+(?:[\w'’-]{1,30}\s+)?(?:money|savings|funds|cash|balance|bitcoin|crypto|coins|account)\b|(?:my|our|his|her|their)\s+(?:entire\s+|whole\s+|life\s+|life's\s+)?(?:savings|inheritance|pension|paycheck|salary)\b)`
const MONEY_VERBS = 'transfer, wire, send, pay, refund, withdraw, move, donate, deposit, remit, reimburse, venmo, zelle'

const DRUGS =
  'ibuprofen, aspirin, paracetamol, acetaminophen, tylenol, advil, naproxen, warfarin, heparin, insulin, metformin, ozempic, lisinopril, metoprolol, statin, amoxicillin, penicillin, antibiotic, xanax, valium, lorazepam, prozac, zoloft, sertraline, fluoxetine, lexapro, antidepressant, lithium, adderall, ritalin, oxycodone, morphine, fentanyl, opioid, codeine, tramadol, prednisone, methotrexate, levothyroxine, benadryl, melatonin, viagra, painkiller, sleeping pill, blood thinner, chemotherapy'
const DOSES = 'mg, ml, milligram, dose, dosage, pill, medication, medicine, prescription'
const CONDITIONS =
  'chest pain, chest hurts, overdose, overdosed, symptom, blood pressure, pregnant, suicidal, seizure, heart attack, allergic reaction, fever, rash, concussion, tumor, bleeding, unconscious, not breathing, choking, swallowed, poisoned, abortion, miscarriage'
const SELF =
  "my, should i, can i, could i, may i, i have, i am, i'm, i’m, i've, i’ve, i take, i took, should we, can we, should he, should she"

const MEDICAL: readonly RiskRule[] = [
  together('medical', SELF, `${DOSES}, ${DRUGS}, ${CONDITIONS}`),
  together(
    'medical',
    `${DRUGS}, how many mg, how many ml, how many milligram, how many pill, how many tablet, how many unit, how much medicine`,
    'should i, can i, may i, do i, should we, should my, can my, a child, a toddler, a baby, to give, to inject, is fatal, is lethal, is safe, be taken, be combined, be mixed, together with, too much, too many',
  ),
  together(
    'medical',
    'safe to, ok to, okay to, dangerous to, happens if i, happens if you, can you, what dose, which dose, dosage of, dosage for',
    `${DRUGS}, ${DOSES}, pregnant, pregnancy, breastfeeding`,
  ),
  together(
    'medical',
    'swallowed, drank, ingested, ate, drinking, inhaled',
    'battery, bleach, antifreeze, detergent, rat poison, drain cleaner, poisonous mushroom, carbon monoxide, chlorine',
  ),
  act('medical', {
    acts: 'take, mix, combine, inject, stop taking, quit, skip, double, prescribe, adjust, increase, wean',
    objects: `${DRUGS}, medication, medicine, dose, dosage`,
  }),
  mention(
    'medical',
    'high',
    'what dose, which dose, dosage of, dosage for, stop taking, lethal dose, diagnose me, diagnose my, diagnose this patient, prescribe me, kill myself, hurt myself, harm myself, end my life, want to die',
  ),
  mention(
    'medical',
    'medium',
    `patient, diagnosis, prescription, prescribe, drug interaction, clinical trial, surgery, medication, contraindicated, contraindication, side effect, suicide, ${DRUGS}`,
  ),
]

const AGREEMENTS =
  'contract, nda, lease, deed, affidavit, power of attorney, cease and desist, prenup, terms of service, privacy policy, eviction notice, legally binding, last will, living will, will and testament, settlement, lawsuit, divorce paper, custody agreement, rental agreement, purchase agreement, employment agreement, partnership agreement, loan agreement, settlement agreement, lease agreement, license agreement, service agreement, sales agreement, prenuptial agreement, non-disclosure agreement, non-compete, settlement offer, taxe, shareholder agreement, operating agreement, severance agreement, visa application, asylum application, immigration form, tax return, bankruptcy petition, patent application, legal notice, legal complaint, demand letter, legal brief, parental consent'

const LEGAL: readonly RiskRule[] = [
  act('legal', {
    acts: 'draft, write, review, sign, accept, reject, prepare, create, generate, make, file, fill out, fill in, amend, terminate, negotiate, notarize, break, contest, draw up, write up',
    objects: AGREEMENTS,
  }),
  shaped(
    'legal',
    'will',
    String.raw`${asked(anyOf('draft, write, prepare, make, update, sign, contest'))}\s+(?:me\s+)?(?:a|my|our|his|her)\s+(?:simple\s+|legal\s+|valid\s+)?will\b(?!\s+(?:be|have|not)\b)`,
  ),
  together(
    'legal',
    'should i, can i, can we, should we, my, our, am i, do i, how do i, could i, may i',
    'sue, sued, lawsuit, evict, evicted, eviction, custody, plead, divorce, subpoena, deported, deportation, visa, green card, asylum, arrested, liable, bankruptcy, irs, tax return, tax deduction, deduct, child support, alimony, restraining order, security deposit, will and testament, inheritance tax, tax evasion, press charges, settlement',
  ),
  mention(
    'legal',
    'medium',
    'lawsuit, plaintiff, defendant, liability clause, gdpr, hipaa, statute, jurisdiction, intellectual property, breach of contract, tort, is it legal, is it illegal, contract, nda, child custody, green card, tax return, power of attorney',
  ),
]

const PAYMENTS: readonly RiskRule[] = [
  shaped('payments', triggersOf(MONEY_VERBS).join(' '), String.raw`${asked(anyOf(MONEY_VERBS))}\s+${upTo(6)}${AMOUNT}`),
  act('payments', {
    acts: 'execute, approve, authorize, authorise, initiate, process, make, issue, release, submit, schedule, cancel, reverse, send',
    objects: 'payment, transfer, refund, wire, payout, withdrawal, transaction, payroll, purchase order, invoice',
    between: 3,
  }),
  act('payments', { acts: 'transfer, wire, remit, withdraw', objects: 'fund, money, cash', between: 3 }),
  act('payments', {
    acts: 'pay, pay off, settle',
    objects:
      'invoice, bill, rent, ransom, mortgage, taxe, salary, salaries, payroll, supplier, vendor, contractor, employee, loan, debt, tuition',
  }),
  act('payments', {
    acts: 'charge, debit, refund, reimburse, bill',
    objects: 'card, credit card, customer, client, account, order',
    between: 3,
  }),
  act('payments', {
    acts: 'buy, purchase, sell, short, trade, liquidate, invest, stake, cash out, put, move, gamble, bet',
    objects:
      'stock, share, bitcoin, btc, ethereum, eth, crypto, cryptocurrency, bond, portfolio, savings, life saving, retirement fund, retirement account, pension, index fund, etf, my house, our house, my home, my car',
    between: 5,
  }),
  mention(
    'payments',
    'medium',
    'credit card, card number, cvv, iban, bank account, payment gateway, payment method, chargeback, payout, invoice payment, wire transfer, mortgage',
  ),
]

const AUTHENTICATION: readonly RiskRule[] = [
  act('authentication', {
    acts: 'reset, change, disable, bypass, remove, share, reveal, rotate, recover, unlock, turn off, switch off, delete, crack, guess, revoke, expose, steal, send me, give me, tell me',
    objects:
      'password, passcode, 2fa, mfa, two-factor, admin access, root access, credential, api key, private key, secret key, access key, access token, ssh key, permission, privilege, seed phrase, tls certificate',
  }),
  act('authentication', {
    acts: 'grant, give, assign, add, make, revoke',
    objects:
      'admin access, root access, admin right, admin privilege, admin role, administrator access, sudo access, sudo right, sudo on, root privilege, write access, full access, superuser, owner role, production access, an administrator, an admin',
  }),
  act('authentication', { acts: 'add, remove', objects: 'admin group, administrators group, sudoers', between: 6 }),
  act('authentication', { acts: 'grant, revoke', objects: 'access, permission, privilege, role, certificate' }),
  mention(
    'authentication',
    'medium',
    'password, oauth, single sign-on, session token, jwt, api key, private key, credential, two-factor, access control, login flow, root access',
  ),
]

const SECURITY: readonly RiskRule[] = [
  act('security', {
    acts: 'exploit, bypass, disable, turn off, switch off, open, evade',
    objects:
      'firewall, vulnerability, antivirus, encryption, authentication, security, ssl, tls, sandbox, port, intrusion detection, audit log, alarm, paywall',
    between: 3,
  }),
  act('security', {
    acts: 'hack, hack into, crack, break into, ddos, attack, take over, hijack, phish, steal, spy on, get into',
    objects:
      'account, password, network, wifi, wi-fi, server, website, computer, phone, email, database, bank, credit card, identity, instagram, facebook, safe',
  }),
  act('security', {
    acts: 'write, create, build, develop, make, generate, code, give me, show me',
    objects:
      'exploit, malware, ransomware, computer virus, trojan, keylogger, rootkit, phishing email, phishing page, phishing site, botnet, backdoor, spyware, reverse shell, shellcode, fork bomb',
  }),
  act('security', {
    acts: 'make, build, cook, synthesize, synthesise, create',
    objects: 'bomb, explosive, nerve agent, meth, chemical weapon, ghost gun',
    between: 2,
  }),
  mention('security', 'high', 'make a bomb, build a bomb, make meth, make explosive, make a pipe bomb'),
  mention(
    'security',
    'medium',
    'vulnerability, vulnerabilities, sql injection, xss, csrf, malware, ransomware, penetration test, penetration testing, encryption key, data breach, remote code execution, buffer overflow, exploit, phishing',
  ),
]

const ALL_THINGS = String.raw`(?:all|every)\s+(?:\w{1,30}\s+){0,2}(?:files?|data|rows|records?|users?|accounts?|tables?|backups?|emails?|messages?|logs?|databases?|customers?|photos?|documents?|folders?|branches|instances|servers?)\b`

const IRREVERSIBLE: readonly RiskRule[] = [
  shaped(
    'irreversible',
    'rm drop truncate format git shutdown mkfs kubectl terraform',
    String.raw`\brm\s+-rf?\b|\bdrop\s+(?:table|database)\b|\btruncate\s+table\b|\bformat\s+(?:c:|the\s+disk|the\s+drive)|\bgit\s+push\s+(?:--force\b|-f\b)|\bgit\s+reset\s+--hard\b|\bshutdown\s+-h\b|\bmkfs\b|\bkubectl\s+delete\b|\bterraform\s+destroy\b`,
  ),
  shaped(
    'irreversible',
    'delete erase wipe destroy purge overwrite remove',
    String.raw`\b(?:delete|erase|wipe|destroy|purge|overwrite|remove)\s+(?:the\s+entire|the\s+whole|the\s+production|our\s+production|permanently|${ALL_THINGS})`,
  ),
  act('irreversible', {
    acts: 'delete, erase, remove, empty, close, cancel, terminate, wipe, destroy, permanently, irreversibly',
    objects: 'permanently, irreversibly, forever, delete, erase, remove, terminate',
    between: 5,
  }),
  act('irreversible', {
    acts: 'shut down, shutdown, power off, turn off, terminate, destroy, delete, wipe, purge, erase, decommission, tear down, take down, nuke, reformat, format, overwrite, kill, stop',
    objects:
      'production, prod, cluster, server, database, instance, fleet, backup, bucket, hard drive, hard disk, partition, namespace, account, repository, repo, data center, virtual machine, git history, mailbox, laptop, disk',
  }),
  act('irreversible', { acts: 'drop, truncate', objects: 'table, schema, database, collection', between: 3 }),
  act('irreversible', {
    acts: 'deploy, push, release, ship, merge, promote, publish, roll out, apply',
    objects: 'production, prod, to npm, to pypi, to the app store',
    between: 6,
  }),
  shaped('irreversible', 'force', String.raw`${asked(anyOf('force push'))}(?!\s+(?:do|does|mean|means|is)\b)`),
  shaped(
    'irreversible',
    'send email mail message text broadcast forward notify post',
    String.raw`${asked(anyOf('send, email, mail, message, text, broadcast, forward, notify, post'))}\s+(?:[\w'’-]{1,30},?\s+){0,6}(?:everyone\b|(?:all|every|each|the\s+entire|the\s+whole)\s+(?:[\w'’-]{1,30}\s+){0,2}(?:customers?|users?|employees?|clients?|subscribers?|contacts?|staff|company|members?|mailing\s+list|list|team)\b)`,
  ),
  act('irreversible', {
    acts: 'cancel, close, terminate',
    objects: 'subscription, account, insurance, flight, booking, reservation, contract, order, lease, membership',
  }),
  act('irreversible', {
    acts: 'fire, lay off, evict, terminate, dismiss',
    objects: 'employee, staff, worker, tenant, team, contractor',
  }),
  mention(
    'irreversible',
    'medium',
    'cannot be undone, irreversible, production database, production cluster, factory reset, delete my account, force push',
  ),
]

/** All rules; the first match of each is reported, in this order. */
export const RISK_RULES: readonly RiskRule[] = [
  ...PAYMENTS,
  ...AUTHENTICATION,
  ...SECURITY,
  ...MEDICAL,
  ...LEGAL,
  ...IRREVERSIBLE,
]
