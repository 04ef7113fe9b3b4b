import { GAP, overText, overWords, type InjectionRule } from './injection-rule.ts'

/*
 * The plainest orders in languages that a model trained on English knows least of: to set instructions aside, and to tell the prompt. Words have no accents. Each is certain by
 * itself, so each names what is to be set aside and as whose it is: "ignore the case" is none.
 */

const CERTAIN = 5

type Language = {
  readonly name: string
  /** Beginnings of verbs, of what the orders are, and of words that say which. */
  readonly aside: string
  readonly orders: string
  readonly which: string
  readonly tell: string
  readonly prompt: string
  /** Whether a sentence may end with the verb. */
  readonly isVerbLast?: boolean
}

const LANGUAGES: readonly Language[] = [
  {
    name: 'orders-in-german',
    isVerbLast: true,
    aside: String.raw`ignorier\S*|ignorieren|vergiss|vergesst|vergessen|missachte\S*|uberschreib\S*|befolge nicht|beachte nicht`,
    orders: String.raw`\S*anweisung\S*|instruktion\S*|befehl\S*|vorgaben?|regeln?|richtlinien?|prompts?|auftrag\S*`,
    which: String.raw`vorherig\S*|vorig\S*|bisherig\S*|vorangegangen\S*|vorangehend\S*|vorstehend\S*|obig\S*|fruheren?|alle|samtliche\S*|deine|ursprunglich\S*|urspruenglich\S*`,
    tell: String.raw`zeig\S*|nenn\S*|verrat\S*|gib|gebt|wiederhol\S*|offenbar\S*|drucke?|schreib\S*`,
    prompt: String.raw`system ?prompts?|systemanweisung\S*|systemnachricht|(?:deine|geheimen?|ursprunglichen?|vorherigen?|internen?) ${GAP(1)}(?:anweisung\S*|instruktion\S*|prompts?|befehle)`,
  },
  {
    name: 'orders-in-french',
    aside: String.raw`ignor(?:e|ez|er|ons)|oubli(?:e|ez|er|ons)|neglig(?:e|ez|er)|fai(?:s|tes|re) abstraction|ne (?:suis|suivez|tiens|tenez) (?:pas|plus)`,
    orders: String.raw`instructions?|consignes?|directives?|ordres|regles|prompts?|linvite`,
    which: String.raw`precedente?s?|anterieure?s?|ci dessus|ci avant|toutes|tous|tes|vos|initiales|recues|du systeme`,
    tell: String.raw`montre\S*|affiche\S*|revel\S*|donn(?:e|ez|er)|repet\S*|ecri(?:s|vez|re)|divulgu\S*|dis|dites`,
    prompt: String.raw`(?:prompt|invite|message|instructions?) (?:du |de )?systeme|(?:tes|vos|ton|votre) ${GAP(1)}(?:instructions|consignes|prompt|directives)|instructions ${GAP(1)}(?:initiales|cachees|secretes|internes)`,
  },
  {
    name: 'orders-in-spanish',
    aside: String.raw`ignor(?:a|e|es|ar|en|ad)|olvid(?:a|e|es|ar|en|ate)|omit(?:e|a|ir)|descart(?:a|e|ar)|desobedec\S*|haz caso omiso|no (?:sigas|siga|tengas|tenga)`,
    orders: String.raw`instruccion\S*|indicacion\S*|ordenes|reglas|directrices|prompts?`,
    which: String.raw`anterior\S*|previ[ao]s|precedentes|iniciales|todas|todos|tus|sus|recibidas|del sistema|originales`,
    tell: String.raw`muestr\S*|mostrar|ensena\S*|revel\S*|dime|diga\S*|repit\S*|escrib\S*|imprim\S*`,
    prompt: String.raw`(?:prompt|mensaje|instruccion\S*) ${GAP(1)}(?:del|de) sistema|(?:tus|tu) ${GAP(1)}(?:instrucciones|prompt|reglas|directrices)|instrucciones ${GAP(1)}(?:iniciales|ocultas|secretas|internas)`,
  },
  {
    name: 'orders-in-portuguese',
    aside: String.raw`ignor(?:e|a|ar|em)|esque(?:ca|cam|ce|cer)|desconsider\S*|desprez\S*|descart(?:e|ar)|nao (?:siga|sigas|obedeca)`,
    orders: String.raw`instruc\S*|orientac\S*|ordens|regras|comandos|diretrizes|prompts?`,
    which: String.raw`anterior\S*|previ[ao]s|precedentes|acima|iniciais|todas|todos|suas|tuas|recebidas|do sistema|originais`,
    tell: String.raw`mostr(?:e|a|ar)|exib\S*|revel\S*|diga|repit\S*|escrev\S*|imprim\S*`,
    prompt: String.raw`(?:prompt|mensagem|instruc\S*) ${GAP(1)}(?:do|de) sistema|(?:suas|seu|tuas|teu) ${GAP(1)}(?:instrucoes|prompt|regras|diretrizes)|instrucoes ${GAP(1)}(?:iniciais|ocultas|secretas|internas)`,
  },
  {
    name: 'orders-in-italian',
    aside: String.raw`ignor(?:a|are|ate|i|ino)|dimentic\S*|trascur\S*|non (?:seguire|seguite|considerare|tenere conto)`,
    orders: String.raw`istruzion\S*|indicazion\S*|ordini|regole|direttive|comandi|prompts?`,
    which: String.raw`precedent\S*|anterior\S*|qui sopra|iniziali|tutte|tutti|tue|tuoi|ricevut\S*|di sistema|originali`,
    tell: String.raw`mostra\S*|rivel\S*|dimmi|ripet\S*|scriv\S*|stampa|stampare`,
    prompt: String.raw`(?:prompt|messaggio|istruzion\S*) (?:di|del) sistema|(?:tue|tuo|tuoi) ${GAP(1)}(?:istruzioni|prompt|regole|direttive)|istruzioni ${GAP(1)}(?:iniziali|nascoste|segrete|interne)`,
  },
  {
    name: 'orders-in-russian',
    aside: String.raw`(?:про)?игнорир\S*|забуд\S*|отмени\S*|не обращай\S* внимания|не следуй\S*|пренебре\S*`,
    orders: String.raw`инструкци\S*|указани\S*|команд[аыу]?|правил\S*|предписани\S*|промпт\S*|распоряжени\S*`,
    which: String.raw`предыдущи\S*|прежни\S*|прошлы\S*|вышеуказанны\S*|все|всё|всех|свои|твои|ваши|системны\S*|изначальны\S*`,
    tell: String.raw`покажи\S*|выведи\S*|раскро\S*|скажи\S*|повтори\S*|напиши\S*|назови\S*|сообщи\S*`,
    prompt: String.raw`системн\S* ${GAP(1)}(?:промпт\S*|инструкци\S*|сообщени\S*|подсказк\S*)|(?:твои|свои|ваши|скрыты\S*|секретны\S*) ${GAP(1)}(?:инструкци\S*|промпт\S*|указани\S*)`,
  },
]

/** Verb, which and what, in the orders in which a sentence may have them. */
function ruleOf({ name, aside, orders, which, tell, prompt, isVerbLast }: Language): InjectionRule {
  const what = `(?:(?:${which}) ${GAP(2)}(?:${orders})|(?:${orders}) ${GAP(2)}(?:${which}))`
  const last = isVerbLast === true ? `${what} ${GAP(3)}(?:${aside})|` : ''
  return overWords(name, CERTAIN, ` (?:(?:${aside}) ${GAP(4)}${what}|${last}(?:${tell}) ${GAP(4)}(?:${prompt})) `)
}

/** Scripts without blanks between words. */
const UNSPACED: readonly InjectionRule[] = [
  overText(
    'orders-in-chinese',
    CERTAIN,
    /(?:忽略|无视|無視|忽視|忘记|忘記|忘掉|不要理会|抛弃|请勿遵循|不要遵守|不再遵守|不要遵循).{0,8}?(?:之前|以前|先前|前面|上面|以上|上述|所有|一切|全部|此前|原来|你的|系统|系統|您的).{0,8}?(?:指令|指示|提示|命令|规则|規則|设定|設定|限制)|(?:显示|顯示|告诉我|告訴我|输出|輸出|透露|泄露|打印|重复|重複|说出|公开|复述).{0,8}?(?:系统提示|系統提示|系统指令|系統指令|系统消息|你的(?:指令|提示词|提示詞|规则)|初始指令|隐藏指令|内部指令)/u,
  ),
  overText(
    'orders-in-japanese',
    CERTAIN,
    /(?:これまで|以前|上記|今まで|すべて|全て|先ほど|あなた|システム|最初|従来|前).{0,8}?(?:指示|命令|プロンプト|ルール|指令|制約|規則).{0,4}?(?:無視|忘れ|破棄)|(?:システムプロンプト|あなたの指示|内部の指示|最初の指示).{0,6}?(?:表示し|教え|出力し|見せ|明かし|繰り返)/u,
  ),
]

export const RULES_ABROAD: readonly InjectionRule[] = [...LANGUAGES.map(ruleOf), ...UNSPACED]
