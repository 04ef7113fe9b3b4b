import { stemOf } from './stem.ts'

/** Pairs of words that turn a question into its opposite. Stems as `stemOf` makes them are compared, so each word is listed in one form. */
const PAIRS =
  'maximize:minimize maximise:minimise maximum:minimum increase:decrease raise:lower before:after buy:sell import:export male:female man:woman men:women boy:girl ' +
  'husband:wife father:mother son:daughter brother:sister gain:lose win:lose open:close start:stop begin:end up:down left:right ' +
  'north:south east:west best:worst better:worse good:bad high:low higher:lower highest:lowest big:small bigger:smaller large:small long:short ' +
  'hot:cold fast:slow rich:poor old:young old:new first:last more:less most:least always:never love:hate accept:reject accept:refuse ' +
  'enable:disable install:uninstall lock:unlock upload:download input:output inside:outside in:out on:off with:without legal:illegal ' +
  'advantage:disadvantage strength:weakness pro:con positive:negative public:private internal:external horizontal:vertical ' +
  'encode:decode encrypt:decrypt compress:decompress connect:disconnect attach:detach add:remove add:subtract multiply:divide create:delete ' +
  'add:delete push:pull pass:fail early:late day:night summer:winter black:white heavy:light strong:weak hard:soft hard:easy difficult:easy ' +
  'similarity:difference cause:prevent cause:cure borrow:lend teach:learn send:receive give:take ask:answer employer:employee ' +
  'introvert:extrovert supply:demand profit:loss asset:liability debit:credit true:false yes:no can:cannot'

const LISTED: ReadonlySet<string> = new Set(
  PAIRS.split(' ').flatMap((pair) => {
    const [one = '', other = ''] = pair.split(':')
    const [stem, otherStem] = [stemOf(one), stemOf(other)]
    return [`${stem}:${otherStem}`, `${otherStem}:${stem}`, `${one}:${other}`, `${other}:${one}`]
  }),
)

const PREFIXES: readonly string[] = ['un', 'in', 'im', 'il', 'ir', 'dis', 'non', 'anti', 'de', 'mis']
/** Shorter stems after a prefix are more often another word ("port", "import") than an opposite. */
const PREFIXED_LENGTH_MIN = 4

/** Whether two stems (or function words) mean the opposite: a listed pair, or one is the other with a negating prefix ("possible", "impossible"). */
export function areOpposites(one: string, other: string): boolean {
  if (LISTED.has(`${one}:${other}`)) return true
  const [short, long] = one.length < other.length ? [one, other] : [other, one]
  return short.length >= PREFIXED_LENGTH_MIN && PREFIXES.some((prefix) => long === prefix + short)
}
