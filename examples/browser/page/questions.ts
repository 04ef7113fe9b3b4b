/** The answers that the page has "in its cache": questions made from small tables of facts, and some as people type them. */

export type CachedQuestion = { readonly question: string; readonly answer: string }

/** Country, capital, currency. */
const COUNTRIES = `Argentina/Buenos Aires/peso|Australia/Canberra/dollar|Austria/Vienna/euro|Belgium/Brussels/euro|Brazil/Brasília/real|Bulgaria/Sofia/euro|Canada/Ottawa/dollar|Chile/Santiago/peso|China/Beijing/renminbi|Colombia/Bogotá/peso|Croatia/Zagreb/euro|Cuba/Havana/peso|Czechia/Prague/koruna|Denmark/Copenhagen/krone|Egypt/Cairo/pound|Estonia/Tallinn/euro|Ethiopia/Addis Ababa/birr|Finland/Helsinki/euro|France/Paris/euro|Germany/Berlin/euro|Ghana/Accra/cedi|Greece/Athens/euro|Hungary/Budapest/forint|Iceland/Reykjavik/króna|India/New Delhi/rupee|Indonesia/Jakarta/rupiah|Ireland/Dublin/euro|Israel/Jerusalem/shekel|Italy/Rome/euro|Japan/Tokyo/yen|Kenya/Nairobi/shilling|Latvia/Riga/euro|Lithuania/Vilnius/euro|Malaysia/Kuala Lumpur/ringgit|Mexico/Mexico City/peso|Mongolia/Ulaanbaatar/tögrög|Morocco/Rabat/dirham|Nepal/Kathmandu/rupee|the Netherlands/Amsterdam/euro|New Zealand/Wellington/dollar|Nigeria/Abuja/naira|Norway/Oslo/krone|Pakistan/Islamabad/rupee|Peru/Lima/sol|the Philippines/Manila/peso|Poland/Warsaw/złoty|Portugal/Lisbon/euro|Romania/Bucharest/leu|Saudi Arabia/Riyadh/riyal|Serbia/Belgrade/dinar|Slovakia/Bratislava/euro|South Korea/Seoul/won|Spain/Madrid/euro|Sweden/Stockholm/krona|Switzerland/Bern/franc|Thailand/Bangkok/baht|Tunisia/Tunis/dinar|Turkey/Ankara/lira|Ukraine/Kyiv/hryvnia|Uruguay/Montevideo/peso|Vietnam/Hanoi/đồng`

/** Element, symbol, number. */
const ELEMENTS = `hydrogen/H/1|helium/He/2|lithium/Li/3|carbon/C/6|nitrogen/N/7|oxygen/O/8|fluorine/F/9|neon/Ne/10|sodium/Na/11|magnesium/Mg/12|aluminium/Al/13|silicon/Si/14|phosphorus/P/15|sulfur/S/16|chlorine/Cl/17|argon/Ar/18|potassium/K/19|calcium/Ca/20|titanium/Ti/22|chromium/Cr/24|iron/Fe/26|cobalt/Co/27|nickel/Ni/28|copper/Cu/29|zinc/Zn/30|bromine/Br/35|silver/Ag/47|tin/Sn/50|iodine/I/53|tungsten/W/74|platinum/Pt/78|gold/Au/79|mercury/Hg/80|lead/Pb/82|uranium/U/92`

/** Status of HTTP, what it says. */
const STATUSES = `200/the request succeeded|201/something was created|204/it succeeded and there is no content|301/the resource moved for good|302/the resource is elsewhere for now|304/the copy that you have is still good|400/the server could not understand the request|401/credentials are missing or wrong|403/you are known and not allowed|404/nothing is at this address|405/the method is not allowed here|409/it conflicts with the present state|413/the content is too large|415/the media type is not supported|418/the server is a teapot|422/the content was understood and cannot be processed|429/too many requests in a given time|500/the server failed unexpectedly|502/a gateway got an invalid answer from behind it|503/the service is unavailable for now|504/a gateway waited too long for an answer`

/** What somebody wants to do in a terminal, how. */
const COMMANDS = `list the files of a folder/ls -la|find files by name/find . -name PATTERN|search for text in files/grep -r TEXT .|count the lines of a file/wc -l FILE|show the end of a file while it grows/tail -f FILE|see which process listens on a port/ss -ltnp|show how much space is left on the disks/df -h|show how much space a folder takes/du -sh FOLDER|make a file executable/chmod +x FILE|copy a folder to another machine/rsync -a FOLDER HOST:|unpack a tar archive/tar -xf ARCHIVE|compare two files/diff -u ONE OTHER|undo the last commit and keep its changes/git reset --soft HEAD~1|create a branch in git/git switch -c NAME|see what changed since the last commit/git diff HEAD|list all branches of a repository/git branch -a|discard changes in the working tree/git restore .|set a variable of the environment/export NAME=VALUE|run a command every five seconds/watch -n 5 COMMAND|download a file from the web/curl -O ADDRESS`

const ASKED: readonly (readonly [string, string])[] = [
  ['How do I reset my password?', 'Choose "Forgot password" at the sign-in, and follow the link in the mail.'],
  ['How can I change the email address of my account?', 'Under Settings, Account, Email; both addresses get a mail.'],
  ['How do I cancel my subscription?', 'Under Settings, Billing, Cancel; it ends with the period that is paid.'],
  ['When will my order arrive?', 'Within three working days; the mail of dispatch has the number to follow it.'],
  ['How do I return an item that I bought?', 'Within 30 days, with the label under Orders, Return.'],
  ['Where can I download my invoices?', 'Under Settings, Billing, Invoices, as PDF.'],
  ['Do you ship to other countries?', 'To all of the European Union, Norway and Switzerland.'],
  ['How do I delete my account for good?', 'Under Settings, Account, Delete; it can be taken back for 14 days.'],
  [
    'What is the difference between TCP and UDP?',
    'TCP delivers in order and again what was lost; UDP sends single datagrams and promises nothing.',
  ],
  [
    'What is the difference between a process and a thread?',
    'Processes have memory of their own, threads of one process share it.',
  ],
  ['What does a mutex do?', 'It lets one thread at a time into a section of code.'],
  ['What is the time complexity of binary search?', 'Logarithmic: O(log n) comparisons.'],
  ['What is the time complexity of quicksort?', 'O(n log n) on average, O(n²) at worst.'],
  ['Why is the sky blue?', 'Air scatters short waves of light more than long ones.'],
  ['Why do leaves turn red in autumn?', 'Chlorophyll breaks down, and red pigments are seen.'],
  ['How far away is the moon?', 'About 384,400 km on average.'],
  ['How fast is light in a vacuum?', '299,792,458 metres per second.'],
  ['How many bones does an adult human have?', '206.'],
  ['Who wrote Hamlet?', 'William Shakespeare.'],
  ['Who painted the Mona Lisa?', 'Leonardo da Vinci.'],
  ['Who discovered penicillin?', 'Alexander Fleming, in 1928.'],
  ['When did the Berlin Wall fall?', 'On 9 November 1989.'],
  ['How long should I boil an egg?', 'Seven minutes for a soft yolk, ten for a hard one.'],
  ['How much water does rice need?', 'About one and a half to two cups for a cup of rice.'],
  ['How do I remove a red wine stain?', 'Blot it, then salt or sparkling water, and wash it cold.'],
]

function rowsOf(table: string): readonly (readonly string[])[] {
  return table.split('|').map((row) => row.split('/'))
}

/** A few hundred; no question twice. */
export const CACHED_QUESTIONS: readonly CachedQuestion[] = [
  ...rowsOf(COUNTRIES).flatMap(([country = '', capital = '', currency = '']) => [
    { question: `What is the capital of ${country}?`, answer: `${capital}.` },
    { question: `Which currency is used in ${country}?`, answer: `The ${currency}.` },
  ]),
  ...rowsOf(ELEMENTS).flatMap(([element = '', symbol = '', number = '']) => [
    { question: `What is the chemical symbol of ${element}?`, answer: `${symbol}.` },
    { question: `What is the atomic number of ${element}?`, answer: `${number}.` },
  ]),
  ...rowsOf(STATUSES).map(([status = '', meaning = '']) => ({
    question: `What does HTTP status ${status} mean?`,
    answer: `That ${meaning}.`,
  })),
  ...rowsOf(COMMANDS).map(([wish = '', ...command]) => ({
    question: `How do I ${wish} in a terminal?`,
    answer: command.join('/'),
  })),
  ...ASKED.map(([question, answer]) => ({ question, answer })),
]
