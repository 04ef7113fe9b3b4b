import { GAP, overText, overWords, type InjectionRule } from './injection-rule.ts'
import { RULES_ABROAD } from './rules-abroad.ts'

export type { InjectionRule } from './injection-rule.ts'

/*
 * Over words, text is lower-case words with single blanks, so a gap of at most n words is `(?:\S+ ){0,n}`: a word cannot be split in two ways, what
 * repeats is bounded, and the time is linear in the text. The phrases are set by judgement from what the attacks have to say, not fitted.
 */

const ORDERS =
  'instructions?|prompts?|rules?|directions?|guidelines?|guidance|commands?|orders?|directives?|constraints?|restrictions?|limitations?|programming|policies|policy|protocols?|conditions|statements?|messages?|context|conversation|tasks?|everything|anything|filters?'
const SECRETS =
  '(?:system|initial|initiali[sz]ation|original|hidden|secret|confidential|internal|previous|prior|preceding|first|above|your|configuration|base|pre|developer|full|entire|complete|exact) (?:(?!in |into |as )\\S+ ){0,2}(?:prompts?|instructions?|messages?|rules?|configurations?|settings?|directives?|guidelines?|initiali[sz]ation|context|strings?|text|words?|code|phrase|password|passphrase|variables?|paragraphs?|sentences?)'
const REVEAL =
  'repeat|reveal|print|show|output|display|tell|give|provide|share|expose|leak|dump|recite|copy|paste|write|list|state|say|echo|return|translate|encode|decode|summari[sz]e|rephrase|paraphrase|describe|explain|convert|spell|read|append|restate|reiterate|respond|reply|answer|what (?:is|are|was|were)|whats'

/** Verbs that ask for the words themselves: a user who has the text above summarised asks for something else. */
const WORD_FOR_WORD = REVEAL.replace(
  /\|(?:summari\[sz\]e|rephrase|paraphrase|describe|explain|answer|respond|reply|translate)(?=\|)/g,
  '',
)

/** In the order of the model's features: adding one makes models to be trained again. */
export const INJECTION_RULES: readonly InjectionRule[] = [
  overWords(
    'sets-instructions-aside',
    3,
    String.raw` (?:ignore|ignoring|disregard|disregarding|forget|override|bypass|neglect|abandon|circumvent|violate|break|stop following|do not follow|dont follow|not follow|pay no attention to|void|supersede|overwrite) ${GAP(5)}(?:your|previous|prior|above|preceding|earlier|all|any|these|those|the|every|everything|initial|original|system|former|below|following|other|past|existing|current) ${GAP(3)}(?:${ORDERS}|you know|you were told|you have learned|above|before|programmed) `,
  ),
  overWords(
    'sets-all-aside',
    2,
    String.raw` (?:ignore|disregard|forget) (?:all|everything|anything|that|it|what|previous|prior|the above|above|below|this) `,
  ),
  overWords('asks-for-the-prompt', 2, String.raw` (?:${REVEAL}) ${GAP(7)}(?:${SECRETS}) `),
  overWords(
    'asks-for-the-text-above',
    2,
    String.raw` (?:${WORD_FOR_WORD}) ${GAP(6)}(?:above|so far|before this|until now|up to now|up until|preceding|prior to|verbatim) `,
  ),
  overWords(
    'your-instructions',
    1,
    String.raw` your ${GAP(2)}(?:instructions?|prompts?|rules|guidelines|directives?|programming|initiali[sz]ation|constraints|ruleset) `,
  ),
  overWords(
    'dictates-the-answer',
    1,
    String.raw` (?:begin|start|end|preface|prefix|open|finish|conclude) ${GAP(2)}(?:your|the|every|each|all) ${GAP(1)}(?:reply|replies|response|responses|answer|answers|output|message) ${GAP(2)}(?:with|by|as|using) `,
  ),
  overWords(
    'only-say',
    1,
    String.raw` (?:say|respond|reply|answer|output|print|return|type|write|repeat) ${GAP(3)}(?:only|exactly|just|nothing but|nothing else|precisely|verbatim|word for word) `,
  ),
  overWords(
    'claims-access',
    2,
    String.raw` (?:access ${GAP(1)}(?:granted|denied|code|key)|grant(?:ed)? ${GAP(2)}access|(?:correct|right|valid|real|actual) (?:password|passcode|code|access code)|(?:password|passcode|code|key) (?:is|was) (?:correct|valid|accepted|right)) `,
  ),
  overWords(
    'asks-for-a-secret',
    1,
    String.raw` (?:${REVEAL}|whats) ${GAP(4)}(?:password|passcode|passphrase|access code|secret code|secret key|secret word|secret phrase|security code|access key|access phrase|api keys?|credentials) `,
  ),
  overWords(
    'new-identity',
    1,
    String.raw` (?:you are (?:now|no longer)|youre now|you will (?:now|be) (?:act|be|play|called|a|an|the|simulate)|from now on|henceforth|you are going to (?:act|play|pretend|be)|about to immerse|do anything now|you will act as|your new (?:name|role|identity|persona|task|job)) `,
  ),
  overWords(
    'plays-a-role',
    0,
    String.raw` (?:act as|acting as|pretend|role ?play|roleplaying|simulate|imagine (?:that )?you|imagine yourself|take on the (?:role|persona)|in character|stay in character|you are an? ) `,
  ),
  overWords(
    'lifts-limits',
    1,
    String.raw` (?:no|without|any|free of|free from|bound by|broken free|unfiltered|uncensored|unrestricted|unethical|immoral|amoral) ${GAP(4)}(?:restrictions?|limits|limitations?|filters?|censorship|rules|guidelines|morals?|morality|ethics|ethical|policies|policy|confines|disclaimers?|boundaries) `,
  ),
  overWords(
    'special-mode',
    2,
    String.raw` (?:(?:developer|debug|debugging|maintenance|admin|administrator|god|sudo|root|jailbreak|jailbroken|dan|unrestricted|opposite|diagnostic|override|unlocked|safe|test|testing|verification|terminal) mode|jailbroken|jailbreak|\bdan\b|enters? ${GAP(2)}mode) `,
  ),
  overWords(
    'claims-authority',
    1,
    String.raw` (?:i am|im|this is|i as|speaking as|signed) ${GAP(1)}(?:the|your|an?) ${GAP(2)}(?:admin|administrator|developer|creator|owner|programmer|engineer|operator|supervisor|ceo|maintainer|professor) `,
  ),
  overWords(
    'new-instructions',
    1,
    String.raw` (?:new|updated|real|actual|revised|additional|different|final|important|critical|special) (?:instructions?|rules?|task|orders?|objective|mission|directives?|prompt|system prompt) `,
  ),
  overWords(
    'instructions-around',
    1,
    String.raw` (?:(?:above|below|previous|preceding|prior|earlier|following|subsequent|next|surrounding) ${GAP(2)}(?:instructions?|prompts?|text|words?|messages?|sentences?|paragraphs?|rules?|lines?|statements?)|(?:instructions?|prompts?|text|words?|sentences?|rules?|lines?) ${GAP(3)}(?:above|below|so far|before|preceding|after this)) `,
  ),
  overWords(
    'demands-obedience',
    0,
    String.raw` (?:you must|you have to|you are required|obey|comply|without question|no matter what|under no circumstances|never refuse|can(?:no|)t refuse|cannot refuse|mandatory|strictly) `,
  ),
  overWords(
    'asks-for-a-disguise',
    0,
    String.raw` (?:base ?64|rot ?13|hex|hexadecimal|morse|emojis?|pig latin|ascii|binary|leet ?speak|backwards?|in reverse|reversed|unicode|acrostic|cipher|caesar|python|json|yaml|xml|pseudo ?code|markdown|poem|haiku|rap|spanish|french|german|chinese|english|latin|russian|japanese|italian) `,
  ),
  overWords(
    'speaks-to-the-machine',
    0,
    String.raw` (?:as an ai|ai model|ai assistant|language model|chatbot|llm|chatgpt|chat ?gpt|gpt \d|openai|assistant|the model|ai system|artificial intelligence|virtual machine|simulat(?:e|ion|or)) `,
  ),
  overWords(
    'speaks-of-the-answer',
    0,
    String.raw` (?:your|the|an?) ${GAP(1)}(?:response|reply|answer|solution|output|summary|completion|responses|replies|answers) `,
  ),
  overWords(
    'behind-the-user',
    1,
    String.raw` (?:(?:do not|dont|never|without) ${GAP(1)}(?:tell|telling|inform|informing|notify|notifying|alert|alerting|mention|mentioning) ${GAP(2)}(?:user|human|anyone|person|them)|tell the user|ask the user|the users? (?:password|credentials|data|files|clipboard)) `,
  ),
  overWords(
    'sends-out',
    1,
    String.raw` (?:send|post|forward|upload|transmit|exfiltrate|email|mail|submit|leak) ${GAP(6)}(?:to|at) (?:https?|www|ftp|\S+ (?:com|net|org|io|ru|xyz)) `,
  ),
  overWords(
    'addresses-the-reader',
    0,
    String.raw`^ (?:please |kindly |also |now |then |and |always |just |simply |be sure to |make sure to |feel free to )?(?:can you|could you|would you|will you|provide|include|suggest|give|tell|write|respond|reply|answer|explain|describe|translate|encode|list|create|generate|add|use|convert|summari[sz]e|make|highlight|mention|ignore|consider|share|show|recommend|express|emphasi[sz]e|adopt|ensure|insert|append|enhance|upgrade|improve|incorporate|integrate|embed|extend|supplement|validate|implement|what|how|why|who|where|when|which|is|are|do|does|did|calculate|find|identify|compare|compose|discuss|outline|state|detail|offer|begin|end|start|finish) `,
  ),
  overText(
    'speaks-as-the-system',
    2,
    /<\|?(?:im_start|im_end|system|endoftext|assistant|user)\|?>|\[\/?(?:inst|system|sys)\]|<<\/?sys>>|<\/?(?:system|instructions?|prompt|admin|context|user_input|sys)[ >]|(?:^|\n)[ \t]{0,8}[#*[({]{0,4}[ \t]{0,4}(?:system|assistant|ai|developer|admin)[ \t]{0,3}(?:message|prompt|note|override|notice|instructions?)?[\])}*]{0,3}[ \t]{0,3}:/i,
  ),
  overText(
    'feigns-an-end',
    2,
    /(?:^|[^\w\s]|\n)[ \t]{0,8}(?:end|begin|stop|finish|start)(?:ing)?[ _](?:of[ _])?(?:[\w]{1,20}[ _]){0,3}(?:prompt|instructions?|ambiguity|input|access|code|text|rules?|messages?|system|context|conversation|document|message|pre ?prompt|user|simulation|session|query|block|security)\b|%%%|-{4,}|={4,}|#{4,}/i,
  ),
  overText(
    'brings-code',
    0,
    /```|subprocess|os\.system|\beval\(|\bexec\(|\bcurl |\bwget |rm -rf|powershell|\/etc\/passwd|authorized_keys|requests\.(?:post|get)|\bsocket\b|import (?:os|requests|socket|subprocess)/i,
  ),
  overText(
    'brings-encoded',
    0,
    /[A-Za-z0-9+/]{40,}={0,2}|(?:\\x[0-9a-f]{2}){6,}|(?:%[0-9a-f]{2}){8,}|(?:\b[01]{8}\b ?){6,}/i,
  ),
  overText('spells-with-gaps', 1, /(?:^|\s)(?:\p{L}[ ._-]){7,}\p{L}/u),
  overWords(
    'speaks-to-agents-that-read-this',
    5,
    String.raw` (?:ai|llms?|language models?|assistants?|chatbots?|bots?|agents?|models?) ${GAP(2)}(?:reading|processing|parsing|viewing|summari[sz]ing|visiting|analy[sz]ing|handling|(?:that|who|which) ${GAP(2)}(?:reads?|process(?:es)?|parse|view|summari[sz]es?|visits?)) (?:this|the|these|our) ${GAP(2)}(?:pages?|documents?|messages?|texts?|emails?|files?|content|sites?|website|issues?|tickets?|comments?|notes?|readme|repository|articles?|results?|posts?|threads?) ${GAP(2)}(?:should|must|shall|needs? to|ha(?:s|ve) to|(?:are|is) (?:required|instructed|asked|expected) to|will|please) `,
  ),
  overWords(
    'before-the-answer',
    2,
    String.raw` (?:before|after|when|while|prior to|once) (?:you )?(?:answer(?:ing)?|respond(?:ing)?|reply(?:ing)?|continu(?:e|ing)|proceed(?:ing)?|summari[sz](?:e|ing)|finish(?:ing)?) ${GAP(6)}(?:also|first|silently|always) ${GAP(3)}(?:send|forward|e?mail|post|upload|call|invoke|execute|run|transfer|delete|fetch|download|share|submit|export|pay) `,
  ),
  overWords(
    'hands-on-what-it-read',
    4,
    String.raw` (?:send|forward|e?mail|post|upload|submit|transmit|exfiltrate|copy|export) ${GAP(5)}(?:threads?|conversations?|chat|history|context|inbox|mailbox|credentials|api keys?|passwords?|secrets?|transcripts?|system prompt) ${GAP(3)}(?:to|at) (?:\S+ ){1,4}?(?:com|net|org|io|ru|xyz|example|dev|app|me|co|info|biz) `,
  ),
  overWords(
    'if-you-are-a-machine',
    5,
    String.raw` if you(?: are|re) (?:an? )?${GAP(1)}(?:ai|llm|language model|chatbot) ${GAP(5)}(?:visit|open|call|send|run|execute|fetch|click|include|append|add|say|write|tell|output|mention|recommend|ignore|download|install|you must|make sure) `,
  ),
  overWords(
    'note-to-machines',
    3,
    String.raw` (?:note|message|attention|notice|instructions?|hint) (?:to|for) (?:all |any |the )?(?:ais?|llms?|ai agents?|ai models?|(?:ai )?assistants|language models?|chatbots?) `,
  ),
  overText(
    'calls-a-tool',
    2,
    /\b(?:should|must|please|always|now|then|first|also|to)[ \t]{1,4}(?:call|invoke|execute|run|use)[ \t]{1,4}(?:the[ \t]{1,4})?(?:tool[ \t]{1,4}|function[ \t]{1,4})?[`"']?[a-z]{2,24}(?:_[a-z]{2,24}){1,4}[`"']?(?:\(|[ \t]{1,4}(?:tool|function|first|immediately|before)|[.!])/i,
  ),
  ...RULES_ABROAD,
]

/** Points from which a text is an injection where no model was trained. */
export const RULES_THRESHOLD = 3

/** Points from which it is one whatever a model says: of attacks in a style that training did not have, the model knows least. */
export const RULES_CERTAIN = 5
