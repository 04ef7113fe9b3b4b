#!/usr/bin/env bash
# Three nodes that do not trust each other, each a process with a data directory of its own: a notary that also issues credits, a seller, and a buyer with one
# credit. The buyer calls for proposals, the seller bids and works, the notary holds the price and pays it out. Then the books and the contract are verified, and
# one flipped byte in either is found. It uses nothing but the command `kernell`, and needs bash and Node.
#
#   agents/buyer/three-processes.sh            # over TCP on loopback; all files are in a folder that is removed at the end
#   agents/buyer/three-processes.sh --sockets  # over sockets of this machine, which nobody beyond it can reach
#   PATH="$PWD/node_modules/.bin:$PATH" agents/buyer/three-processes.sh   # in a clone, behind `npm ci`; KERNELL='node /PATH/TO/main.js' names another command
set -euo pipefail

case ${1:-} in
  '') WAY=tcp ;;
  --sockets) WAY=sockets ;;
  *)
    echo "usage: $0 [--sockets]" >&2
    exit 2
    ;;
esac
read -r -a KERNELL <<< "${KERNELL:-kernell}"
# Never by `npx`: it would bring and run whatever has this name elsewhere.
if ! command -v "${KERNELL[0]}" > /dev/null; then
  echo "${KERNELL[0]}: not found; in a clone, behind \`npm ci\`: export PATH=\"\$PWD/node_modules/.bin:\$PATH\"" >&2
  exit 127
fi
FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/kernell-three-XXXXXX")
NODES=()
cd "$FOLDER"
trap finish EXIT

export KERNELL_KEY_PASSPHRASE=${KERNELL_KEY_PASSPHRASE:-'one passphrase for three toys'}
export HOME=$FOLDER XDG_CONFIG_HOME=$FOLDER KERNELL_DISCOVER=false

finish() {
  for node in "${NODES[@]:-}"; do kill -INT "$node" 2> /dev/null || true; done
  for node in "${NODES[@]:-}"; do wait "$node" 2> /dev/null || true; done
  rm -rf "$FOLDER"
}

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# kernell WORDS... with the data directory of PARTY; one JSON document.
ask() {
  local party=$1
  shift
  "${KERNELL[@]}" "$@" --data-dir "$party" --json
}

# The same for what has nothing to show but whether it worked.
run() {
  local output
  output=$(ask "$@") || fail "$*: $output"
}

# Member PATH of the JSON document on stdin.
member() {
  node -e '
    let value = JSON.parse(require("node:fs").readFileSync(0, "utf8"))
    for (const name of process.argv.slice(1)) value = value?.[name]
    console.log(typeof value === "string" ? value : JSON.stringify(value ?? null))
  ' "$@"
}

# Balance of the account OWNER KIND in a `ledger list` on stdin, in nano-credits.
balance() {
  node -e '
    const { accounts } = JSON.parse(require("node:fs").readFileSync(0, "utf8"))
    const [owner, kind] = process.argv.slice(1)
    console.log(accounts.find((account) => account.owner === owner && account.kind === kind)?.balanceNanos ?? "0")
  ' "$@"
}

# A port that nobody listens at, below those that systems draw by themselves: the set names it before its notary runs.
free_port() {
  node -e '
    const { createServer } = require("node:net")
    const attempt = () => {
      const port = 20000 + Math.floor(Math.random() * 12000)
      const server = createServer().once("error", attempt)
      server.listen(port, "127.0.0.1", () => server.close(() => console.log(port)))
    }
    attempt()
  '
}

flip_byte() {
  node -e '
    const { readFileSync, writeFileSync } = require("node:fs")
    const bytes = readFileSync(process.argv[1])
    bytes[Math.floor(bytes.length * 0.6)] ^= 1
    writeFileSync(process.argv[1], bytes)
  ' "$1"
}

same() {
  [[ $2 == "$3" ]] || fail "$1: $2, expected $3"
  echo "  $1: $2"
}

# Starts the node of PARTY and waits for its first line. It listens at a port that the system draws, or at the socket in its directory.
start() {
  local party=$1
  shift
  if [[ $WAY == tcp ]]; then set -- --listen /ip4/127.0.0.1/tcp/0 "$@"; fi
  "${KERNELL[@]}" node --data-dir "$party" --notary-set set.json --port 0 --json "$@" > "$party.out" 2> "$party.err" &
  local node=$!
  NODES+=("$node")
  for _ in $(seq 600); do
    grep -q '"event":"ready"' "$party.out" && return
    kill -0 "$node" 2> /dev/null || fail "$party ended: $(cat "$party.out" "$party.err")"
    sleep 0.1
  done
  fail "$party is not ready: $(cat "$party.err")"
}

echo 'Keys, each in the directory of its owner'
notary=$(ask notary key create --role notary | member did)
issuer=$(ask notary key create --role escrow | member did)
seller=$(ask seller key create --role escrow | member did)
buyer=$(ask buyer key create --role escrow | member did)

echo 'One notary keeps the ledger: custody C2/f=0'
if [[ $WAY == tcp ]]; then place=/ip4/127.0.0.1/tcp/$(free_port); else place=/unix$FOLDER/notary.sock; fi
run notary notary-set create --member "$notary@$place" --f 0 --output set.json
start notary --notary --high-water "$FOLDER/signed"
start seller
start buyer --bootstrap "$(head -n 1 seller.out | member addresses 0)"
echo "  way: $(head -n 1 seller.out | member addresses 0)"

# Who bids under seal puts up a deposit.
echo 'One credit for the buyer, a tenth and an offer for the seller'
run notary ledger issue --account "$buyer" --amount 1 --currency USD --idempotency-key deposit
run notary ledger issue --account "$seller" --amount 0.1 --currency USD --idempotency-key stake
run seller market offer --skill text.word-count --price 0.25 --limit 4 --agent word-count
printf 'one two three\nfour\n' > letter.txt

echo 'A task, from the call for proposals to the end'
ask buyer market buy --skill text.word-count --input letter.txt --max 0.5 --currency USD --custody C2 --auction first \
  --idempotency-key letter --output count.json > bought.json
contract=$(member contract < bought.json)
same 'state' "$(member state < bought.json)" FINAL
same 'custody' "$(member custody < bought.json)" C2/f=0
same 'words' "$(member words < count.json)" 4
ask buyer market auction show "$(member auction < bought.json)" > auction.json
same 'winner' "$(member winner < auction.json)" "$seller"
same 'price' "$(member clearingNanos < auction.json)" 250000000

if [[ $WAY == tcp ]]; then
  for other in "$(head -n 1 seller.out | member did)" "$notary"; do
    ask buyer peers show "$other" > peer.json
    same 'connection of the buyer' "$(member connections 0 address < peer.json | cut -d / -f 1-4)" /ip4/127.0.0.1/tcp
  done
fi

echo 'Three views of one ledger'
for party in notary seller buyer; do ask "$party" ledger list > "$party.json"; done
same 'head of the seller' "$(member head hash < seller.json)" "$(member head hash < notary.json)"
same 'head of the buyer' "$(member head hash < buyer.json)" "$(member head hash < notary.json)"
same 'sum' "$(member sumNanos < notary.json)" 0
same 'buyer' "$(balance "$buyer" available < buyer.json)" 750000000
same 'seller' "$(balance "$seller" available < seller.json)" 347500000
same 'fee' "$(balance "$notary" fee < notary.json)" 2500000
same 'issuer' "$(balance "$issuer" issuer < notary.json)" -1100000000

echo 'Anybody can verify books and contract'
run notary ledger export --output books.jsonl
run seller escrow export "$contract" --output contract.json
run buyer escrow export "$contract" --output contract-of-buyer.json
same 'books' "$(ask . ledger verify books.jsonl --notary-set set.json | member ok)" true
for copy in contract.json contract-of-buyer.json; do
  same "$copy" "$(ask . escrow verify "$copy" --notary-set set.json | member ok)" true
done

echo 'One flipped byte is found'
flip_byte contract.json
if ask . escrow verify contract.json --notary-set set.json > /dev/null 2>&1; then fail 'a changed contract passed'; fi
flip_byte books.jsonl
if ask . ledger verify books.jsonl --notary-set set.json > /dev/null 2>&1; then fail 'changed books passed'; fi
kill -INT "${NODES[@]}"
for node in "${NODES[@]}"; do wait "$node"; done
NODES=()
for party in notary seller buyer; do
  same "directory of the $party" "$(ask . ledger verify "$party" | member ok)" true
done
journal=$(find notary/notary -type f -name 'segment-*' -size +0 | sort | head -n 1)
flip_byte "$journal"
if ask . ledger verify notary > /dev/null 2>&1; then fail 'a changed journal passed'; fi

echo 'DONE'
