import { rationalOf, type Rational } from './rational.ts'

export type Dimension = 'length' | 'mass' | 'volume' | 'area' | 'time' | 'calendar' | 'temperature' | 'speed' | 'data'

/** Which national system a customary unit is taken from; units of different systems are never mixed in one answer. */
export type UnitSystem = 'us' | 'imperial' | 'metric' | 'any'

export type Unit = {
  readonly dimension: Dimension
  /** Size in the dimension's base unit: metre, kilogram, litre, square metre, second, month, kelvin, metre per second, byte. */
  readonly factor: Rational
  /** Added after multiplying by `factor` to get the base unit; 0 but for temperatures. */
  readonly offset: Rational
  readonly system: UnitSystem
  /** Singular and plural for answers. */
  readonly singular: string
  readonly plural: string
}

/** `name | plural | dimension | numerator/denominator | system | spellings (comma separated, lower case)`. */
const ROWS: readonly string[] = [
  // Length. SI Brochure (BIPM, 9th edition); yard = 0.9144 m exactly (international yard and pound agreement, 1959);
  // nautical mile = 1852 m (1929). The US survey foot was withdrawn at the end of 2022 and is not used.
  'meter|meters|length|1|any|m,meter,meters,metre,metres',
  'kilometer|kilometers|length|1000|any|km,kms,kilometer,kilometers,kilometre,kilometres',
  'centimeter|centimeters|length|1/100|any|cm,cms,centimeter,centimeters,centimetre,centimetres',
  'millimeter|millimeters|length|1/1000|any|mm,millimeter,millimeters,millimetre,millimetres',
  'micrometer|micrometers|length|1/1000000|any|micrometer,micrometers,micrometre,micrometres,micron,microns',
  'nanometer|nanometers|length|1/1000000000|any|nm,nanometer,nanometers,nanometre,nanometres',
  'inch|inches|length|254/10000|any|in,inch,inches',
  'foot|feet|length|3048/10000|any|ft,foot,feet',
  'yard|yards|length|9144/10000|any|yd,yds,yard,yards',
  'mile|miles|length|1609344/1000|any|mi,mile,miles',
  'nautical mile|nautical miles|length|1852|any|nmi,nautical mile,nautical miles',
  // Mass. Pound = 0.45359237 kg exactly (1959); stone, long ton (UK Weights and Measures Act); short ton (NIST Handbook 44).
  'kilogram|kilograms|mass|1|any|kg,kgs,kilogram,kilograms,kilo,kilos,kilogramme,kilogrammes',
  'gram|grams|mass|1/1000|any|g,gram,grams,gramme,grammes',
  'milligram|milligrams|mass|1/1000000|any|mg,milligram,milligrams',
  'microgram|micrograms|mass|1/1000000000|any|mcg,microgram,micrograms',
  'metric ton|metric tons|mass|1000|any|tonne,tonnes,metric ton,metric tons',
  'pound|pounds|mass|45359237/100000000|any|lb,lbs,pound,pounds',
  'ounce|ounces|mass|45359237/1600000000|any|oz,ounce,ounces',
  'stone|stone|mass|635029318/100000000|any|stone,stones',
  'short ton|short tons|mass|90718474/100000|us|ton,tons,short ton,short tons,us ton,us tons',
  'long ton|long tons|mass|10160469088/10000000|imperial|ton,tons,long ton,long tons,imperial ton,imperial tons',
  'metric ton|metric tons|mass|1000|metric|ton,tons',
  // Volume. Litre = 1 dm3. US gallon = 231 cubic inches; imperial gallon = 4.54609 l (UK Weights and Measures Act 1985).
  'liter|liters|volume|1|any|l,liter,liters,litre,litres',
  'milliliter|milliliters|volume|1/1000|any|ml,milliliter,milliliters,millilitre,millilitres,cc,cubic centimeter,cubic centimeters,cubic centimetre,cubic centimetres',
  'centiliter|centiliters|volume|1/100|any|cl,centiliter,centiliters,centilitre,centilitres',
  'cubic meter|cubic meters|volume|1000|any|m3,cubic meter,cubic meters,cubic metre,cubic metres',
  'cubic inch|cubic inches|volume|16387064/1000000000|any|cubic inch,cubic inches',
  'cubic foot|cubic feet|volume|28316846592/1000000000|any|cubic foot,cubic feet',
  'US gallon|US gallons|volume|3785411784/1000000000|us|gal,gallon,gallons,us gallon,us gallons',
  'US quart|US quarts|volume|946352946/1000000000|us|qt,quart,quarts,us quart,us quarts',
  'US pint|US pints|volume|473176473/1000000000|us|pt,pint,pints,us pint,us pints',
  'US cup|US cups|volume|2365882365/10000000000|us|cup,cups,us cup,us cups',
  'US fluid ounce|US fluid ounces|volume|295735295625/10000000000000|us|oz,ounce,ounces,fl oz,fluid ounce,fluid ounces,us fl oz,us fluid ounce,us fluid ounces',
  'US tablespoon|US tablespoons|volume|1478676478125/100000000000000|us|tbsp,tablespoon,tablespoons,us tablespoon,us tablespoons',
  'US teaspoon|US teaspoons|volume|492892159375/100000000000000|us|tsp,teaspoon,teaspoons,us teaspoon,us teaspoons',
  'imperial gallon|imperial gallons|volume|454609/100000|imperial|gal,gallon,gallons,imperial gallon,imperial gallons,uk gallon,uk gallons',
  'imperial quart|imperial quarts|volume|11365225/10000000|imperial|qt,quart,quarts,imperial quart,imperial quarts,uk quart,uk quarts',
  'imperial pint|imperial pints|volume|56826125/100000000|imperial|pt,pint,pints,imperial pint,imperial pints,uk pint,uk pints',
  'imperial fluid ounce|imperial fluid ounces|volume|284130625/10000000000|imperial|oz,ounce,ounces,fl oz,fluid ounce,fluid ounces,imperial fluid ounce,imperial fluid ounces,uk fluid ounce,uk fluid ounces',
  'metric cup|metric cups|volume|1/4|metric|cup,cups,metric cup,metric cups',
  'metric tablespoon|metric tablespoons|volume|15/1000|metric|tbsp,tablespoon,tablespoons,metric tablespoon,metric tablespoons',
  'metric teaspoon|metric teaspoons|volume|5/1000|metric|tsp,teaspoon,teaspoons,metric teaspoon,metric teaspoons',
  // Area. Acre = 4840 square yards; hectare and are: SI Brochure, table 8.
  'square meter|square meters|area|1|any|m2,m²,sqm,sq m,square meter,square meters,square metre,square metres',
  'square centimeter|square centimeters|area|1/10000|any|cm2,cm²,sq cm,square centimeter,square centimeters,square centimetre,square centimetres',
  'square millimeter|square millimeters|area|1/1000000|any|mm2,mm²,square millimeter,square millimeters,square millimetre,square millimetres',
  'square kilometer|square kilometers|area|1000000|any|km2,km²,sq km,square kilometer,square kilometers,square kilometre,square kilometres',
  'hectare|hectares|area|10000|any|ha,hectare,hectares',
  'square inch|square inches|area|64516/100000000|any|sq in,square inch,square inches',
  'square foot|square feet|area|9290304/100000000|any|ft2,ft²,sq ft,sqft,square foot,square feet',
  'square yard|square yards|area|83612736/100000000|any|sq yd,square yard,square yards',
  'acre|acres|area|40468564224/10000000|any|acre,acres',
  'square mile|square miles|area|2589988110336/1000000|any|sq mi,square mile,square miles',
  // Time. A day is 86,400 s, without leap seconds (SI Brochure, table 8). Months and years have no fixed number of days,
  // so they convert among themselves only.
  'second|seconds|time|1|any|s,sec,secs,second,seconds',
  'millisecond|milliseconds|time|1/1000|any|ms,millisecond,milliseconds',
  'microsecond|microseconds|time|1/1000000|any|microsecond,microseconds',
  'nanosecond|nanoseconds|time|1/1000000000|any|ns,nanosecond,nanoseconds',
  'minute|minutes|time|60|any|min,mins,minute,minutes',
  'hour|hours|time|3600|any|h,hr,hrs,hour,hours',
  'day|days|time|86400|any|day,days',
  'week|weeks|time|604800|any|week,weeks',
  'fortnight|fortnights|time|1209600|any|fortnight,fortnights',
  'month|months|calendar|1|any|month,months',
  'year|years|calendar|12|any|year,years',
  'decade|decades|calendar|120|any|decade,decades',
  'century|centuries|calendar|1200|any|century,centuries',
  'millennium|millennia|calendar|12000|any|millennium,millennia',
  // Speed. Knot = one nautical mile per hour.
  'meter per second|meters per second|speed|1|any|m/s,meter per second,meters per second,metre per second,metres per second',
  'kilometer per hour|kilometers per hour|speed|1000/3600|any|km/h,kph,kmh,kmph,kilometer per hour,kilometers per hour,kilometre per hour,kilometres per hour',
  'mile per hour|miles per hour|speed|1609344/3600000|any|mph,mile per hour,miles per hour',
  'foot per second|feet per second|speed|3048/10000|any|ft/s,fps,foot per second,feet per second',
  'knot|knots|speed|1852/3600|any|knot,knots',
  // Data. IEC 80000-13: kilo is 1000 and kibi 1024; a byte is 8 bits.
  'byte|bytes|data|1|any|byte,bytes',
  'bit|bits|data|1/8|any|bit,bits',
  'kilobyte|kilobytes|data|1000|any|kb,kilobyte,kilobytes',
  'megabyte|megabytes|data|1000000|any|mb,megabyte,megabytes',
  'gigabyte|gigabytes|data|1000000000|any|gb,gigabyte,gigabytes',
  'terabyte|terabytes|data|1000000000000|any|tb,terabyte,terabytes',
  'petabyte|petabytes|data|1000000000000000|any|pb,petabyte,petabytes',
  'kibibyte|kibibytes|data|1024|any|kib,kibibyte,kibibytes',
  'mebibyte|mebibytes|data|1048576|any|mib,mebibyte,mebibytes',
  'gibibyte|gibibytes|data|1073741824|any|gib,gibibyte,gibibytes',
  'tebibyte|tebibytes|data|1099511627776|any|tib,tebibyte,tebibytes',
  'kilobit|kilobits|data|125|any|kbit,kilobit,kilobits',
  'megabit|megabits|data|125000|any|mbit,megabit,megabits',
  'gigabit|gigabits|data|125000000|any|gbit,gigabit,gigabits',
  // Temperature, to kelvin: T = t x factor + offset (SI Brochure, 2.3.1; Fahrenheit by its two fixed points).
  'kelvin|kelvin|temperature|1|any|k,kelvin,kelvins',
  'degree Celsius|degrees Celsius|temperature|1|any|c,°c,celsius,centigrade,degrees celsius,degree celsius,degrees c,degrees centigrade',
  'degree Fahrenheit|degrees Fahrenheit|temperature|5/9|any|f,°f,fahrenheit,degrees fahrenheit,degree fahrenheit,degrees f',
]

/** Zero of each scale, in kelvin: 273.15, and 459.67 x 5/9. */
const OFFSETS: Readonly<Record<string, Rational>> = {
  'degree Celsius': rationalOf(27315n, 100n),
  'degree Fahrenheit': rationalOf(45967n, 180n),
}

/** Symbols whose letter case matters, and the one spelling under which the short form is understood. */
const CASED_SYMBOLS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['mb', new Set(['MB'])],
  ['gb', new Set(['GB'])],
  ['tb', new Set(['TB'])],
  ['pb', new Set(['PB'])],
  ['kb', new Set(['kB', 'KB'])],
  ['m', new Set(['m'])],
  ['in', new Set(['in'])],
  ['k', new Set(['K'])],
  ['c', new Set(['C'])],
  ['f', new Set(['F'])],
  ['g', new Set(['g'])],
  ['s', new Set(['s'])],
  ['h', new Set(['h'])],
  ['mm', new Set(['mm'])],
  ['mg', new Set(['mg'])],
  ['ms', new Set(['ms'])],
  ['pt', new Set(['pt'])],
  ['l', new Set(['l', 'L'])],
])

let unitsBySpelling: ReadonlyMap<string, readonly Unit[]> | undefined

/** Every unit that a spelling may mean; empty for unknown spellings. `cased` is the spelling as the user wrote it. */
export function unitsNamed(cased: string): readonly Unit[] {
  const spelling = cased.toLowerCase()
  const forms = CASED_SYMBOLS.get(spelling)
  if (forms !== undefined && !forms.has(cased)) return []
  unitsBySpelling ??= buildTable()
  return unitsBySpelling.get(spelling) ?? []
}

function buildTable(): ReadonlyMap<string, readonly Unit[]> {
  const table = new Map<string, Unit[]>()
  for (const row of ROWS) {
    const [singular = '', plural = '', dimension = '', factor = '', system = '', spellings = ''] = row.split('|')
    const [numerator = '1', denominator = '1'] = factor.split('/')
    const unit: Unit = {
      dimension: dimension as Dimension,
      factor: rationalOf(BigInt(numerator), BigInt(denominator)),
      offset: OFFSETS[singular] ?? rationalOf(0n),
      system: system as UnitSystem,
      singular,
      plural,
    }
    for (const spelling of spellings.split(',')) table.set(spelling, [...(table.get(spelling) ?? []), unit])
  }
  return table
}
